"""Removal: sets and their random ones, which directions are whose text, means and deviations by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the fairseq environment")

from workflow_scripts.analyse.strongest.removal import (
    Part,
    Sets,
    lines,
    paired,
    removed,
    row_of,
    text_of,
)
from workflow_scripts.units.space import model_space

SPACE = model_space({"encoder_layers": 2, "decoder_layers": 1, "ffn_dim": 20})
UNITS = {"de": [0, 1, 25, 41], "fr": [45, 46, 47], "nl": []}


def sets(draws=5, seed=1):
    return Sets.of(UNITS, SPACE, draws, seed)


def by_layer(keep):
    return [int(keep[span].sum()) for span in SPACE.slices().values()]


def test_random_sets_have_as_many_units_of_each_layer_and_differ():
    one = sets()
    assert one.languages == ("de", "fr") and list(one.drawn) == [f"random-{n}" for n in range(1, 6)]
    assert [by_layer(row) for row in one.own.keep] == [[2, 1, 1], [0, 0, 3]]
    for table in one.drawn.values():
        assert [by_layer(row) for row in table.keep] == [[2, 1, 1], [0, 0, 3]]
    assert len({table.row("de").tobytes() for table in one.drawn.values()}) == 5
    # A further draw changes none, another seed has others.
    more = sets(draws=6)
    assert all((more.drawn[name].keep == table.keep).all() for name, table in one.drawn.items())
    assert (sets(seed=2).drawn["random-1"].keep != one.drawn["random-1"].keep).any()


def test_masks_leave_the_units_out():
    table = sets().masks()
    assert table.rows[:4] == ("de", "fr", "random-1 de", "random-1 fr") and len(table.rows) == 2 + 10
    assert np.flatnonzero(~table.row("de")).tolist() == [0, 1, 25, 41]
    assert (~table.row("random-3 fr") == sets().drawn["random-3"].row("fr")).all()


def test_a_direction_has_every_language_and_the_draws_of_its_own():
    one = sets()
    assert one.rows_for("de-en") == ["de", "fr", *(f"random-{n} de" for n in range(1, 6))]
    assert one.rows_for("nl-en") == ["de", "fr"]
    assert len(one.rows_for("de-fr")) == 2 + 10


def part(full, tokens, **added):
    """``de``: what the units of de add; ``r_de``: each of their random sets."""
    rows = {}
    for name, values in added.items():
        language = name.removeprefix("r_")
        for row in (
            [f"random-{n} {language}" for n in range(1, 6)] if name != language else [row_of(language)]
        ):
            rows[row] = np.array(values)
    return Part(np.array(full), rows, tokens)


PARTS = {
    # Two sentences of 5 tokens each, one of 10.
    "de-en": part([4.0, 6.0], 10, de=[1.0, 3.0], fr=[0.0, 0.5], r_de=[0.1, 0.1]),
    "en-de": part([5.0], 10, de=[2.0], fr=[0.0], r_de=[0.0]),
    "fr-en": part([2.0], 5, de=[0.2], fr=[3.0], r_fr=[1.0]),
}


def test_whose_text_a_direction_is():
    assert text_of("de", PARTS) == ["de-en", "en-de"]
    assert text_of("en", PARTS) == ["de-en", "en-de", "fr-en"]
    # English beside the units of German: its directions without German.
    assert text_of("en", PARTS, "de") == ["fr-en"]
    assert text_of("de", PARTS, "en") == []


def test_means_are_nats_per_token_and_deviations_are_over_sentences():
    # de without its units: 1, 3 and 2 nats in three sentences of 20 tokens. 6 / 20 nats a token; the
    # deviation of 1, 3, 2 is 1, of sentences of 20 / 3 tokens .15.
    assert paired([PARTS["de-en"], PARTS["en-de"]], "de") == {
        "mean": pytest.approx(0.3), "sd": pytest.approx(0.15), "n": 3
    }  # fmt: skip
    # One sentence has no deviation.
    assert paired([PARTS["fr-en"]], "de") == {"mean": pytest.approx(0.04), "sd": None, "n": 1}


def test_the_matrix_has_no_cell_without_text():
    one = Sets.of({"de": [0], "fr": [1], "en": [2]}, SPACE, 5, 1)
    parts = {}
    for name, of in PARTS.items():
        n = len(of.full)
        more = {"en": np.ones(n), **{f"random-{number} en": np.full(n, number) for number in range(1, 6)}}
        parts[name] = Part(of.full, {**of.added, **more}, of.tokens)
    found = removed(one, parts)
    assert (found["units"], found["units_of"], found["draws"]) == (1, {"de": 1, "fr": 1, "en": 1}, 5)
    assert found["full"] == {"de": 0.75, "fr": 0.4, "en": 0.68}
    assert {own: list(cells) for own, cells in found["matrix"].items()} == {
        "de": ["de", "fr", "en"], "fr": ["de", "fr", "en"], "en": ["en"],
    }  # fmt: skip
    # fr's units on German: 0, .5 and 0 nats in 20 tokens; de's on English: of fr-en alone.
    assert found["matrix"]["fr"]["de"]["mean"] == pytest.approx(0.025)
    assert found["matrix"]["de"]["en"] == {"mean": pytest.approx(0.04), "sd": None, "n": 1}
    assert found["random"]["de"] == pytest.approx([0.01] * 5)
    # Four sentences of 25 tokens, n nats each.
    assert found["random"]["en"] == pytest.approx([0.16, 0.32, 0.48, 0.64, 0.8])
    told = list(lines(found))
    assert told[0] == (
        "de: +0.300 nats a token without its 1 strongest units, others at most +0.040; 5 random sets +0.010"
        " to +0.010"
    )
    assert told[2] == "en: +0.160 nats a token without its 1 strongest units; 5 random sets +0.160 to +0.800"
