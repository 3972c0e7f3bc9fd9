"""From counts to masks, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts import api

SPACE = api.ffn_space(1, 1, 4)
ROWS = ["en-de", "de-en", "fr-en"]
#: Of 10 encoder positions each, and of 10, 20 and 20 decoder positions.
COUNTS = np.array([[5, 0, 2, 9, 8, 0, 5, 1], [2, 6, 2, 9, 4, 8, 10, 2], [2, 0, 5, 9, 12, 2, 10, 2]])
POSITIONS = {row: {"encoder": 10, "decoder": 10 if row == "en-de" else 20} for row in ROWS}
SHA = "a" * 64


def counted(rows=ROWS, positions=POSITIONS) -> api.ScoreTable:
    facts = {"counting": "pads excluded", "weights_sha256": SHA, "positions": positions}
    return api.ScoreTable(rows, COUNTS[: len(rows)].astype(np.int64), SPACE, facts, "counts")


def test_shares_of_positions_above_the_mean_of_the_others():
    """As sums of counts, the first decoder unit would be highest in fr-en; its shares are .8, .2, .6."""
    found = api.above_others(counted())
    assert found.rows == tuple(ROWS)
    np.testing.assert_allclose(
        found.values,
        [
            [0.3, -0.3, -0.15, 0, 0.4, -0.25, 0, 0],
            [-0.15, 0.6, -0.15, 0, -0.5, 0.35, 0, 0],
            [-0.15, -0.3, 0.3, 0, 0.1, -0.1, 0, 0],
        ],
        atol=1e-12,
    )
    assert found.metadata["weights_sha256"] == SHA and "positions" not in found.metadata
    assert found.metadata["counting"] == "pads excluded; share of positions above the mean of the other rows"


def test_what_cannot_be_compared():
    with pytest.raises(api.UserError, match="counts: en-de is the only row; count another direction as well"):
        api.above_others(counted(ROWS[:1]))
    with pytest.raises(api.UserError, match="counts: de-en: no positions are known of it; count again"):
        api.above_others(counted(positions={"en-de": POSITIONS["en-de"]}))


def test_own_units_and_the_model_without_them():
    own = api.select(api.above_others(counted()), "top:1")
    assert [row.nonzero()[0].tolist() for row in own.keep] == [[0, 4], [1, 5], [2, 4]]
    assert (own.select, own.manifest["weights_sha256"]) == ("top:1", SHA)
    rest = api.without(own)
    assert (rest.keep != own.keep).all() and rest.rows == own.rows
    # These are made of other masks: nobody would say that they were selected so.
    assert (rest.manifest["rule"], rest.manifest["like_rule"]) == ("without", "top")


def test_a_stack_that_is_kept_whole_stays_whole():
    own = api.select(api.above_others(counted()), "top:1", stacks=["decoder"])
    assert own.keep[:, :4].all()
    rest = api.without(own)
    assert rest.keep[:, :4].all() and (rest.keep[:, 4:] == ~own.keep[:, 4:]).all()


def test_selectors_that_say_nothing():
    with pytest.raises(api.UserError, match=r"less than one of the 4 units of encoder\.0\.ffn"):
        api.select(counted(), "top:1%")
    with pytest.raises(api.UserError, match="no such selector"):
        api.select(counted(), "tip:1%")
    same = api.ScoreTable(["en-de"], np.zeros((1, 8)), SPACE, {}, "mine")
    with pytest.raises(api.UserError, match="mine: "):
        api.select(same, "top:2")
