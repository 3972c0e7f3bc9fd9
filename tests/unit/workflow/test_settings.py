"""Named settings: as JSON, as options of a command, and back from what Snakemake keeps."""

from __future__ import annotations

import shlex

from workflow_scripts.workflow.settings import (
    are_named,
    as_json,
    as_options,
    given,
    named_settings,
    order_of,
)

SETTINGS = {
    "vocab_size": 600,
    "character_coverage": 1.0,
    "languages": ["en", "pt_BR"],
    "text": {"moses": True, "a b": ["c'd"]},
    "dedup": True,
    "against": [["baseline", "b.npz"], ["continued", "c d.npz"]],
    "code": "a" * 16,
    "environment": "b" * 16,
    "order": [1, 0],
}


def test_options_of_every_kind() -> None:
    assert shlex.split(as_options(SETTINGS)) == [
        *("--vocab-size", "600", "--character-coverage", "1.0", "--languages", "en", "pt_BR"),
        *("--text", '{"a b": ["c\'d"], "moses": true}', "--dedup"),
        *("--against", "baseline", "b.npz", "--against", "continued", "c d.npz"),
    ]


def test_the_order_of_inputs_is_known_unless_it_is_alphabetical() -> None:
    assert order_of(["a.de", "a.en", "b.de", "b.en"]) is None
    assert order_of(["b.de", "b.en", "a.de", "a.en"]) == [2, 3, 0, 1]
    # Two parts of one file.
    assert order_of(["a.de", "a.en", "a.de", "a.en"]) == [0, 1, 0, 1]


def test_what_is_left_out_and_what_is_not() -> None:
    left_out = {"a": None, "b": False, "c": "", "d": []}
    assert given({**left_out, "zero": 0, "empty": {}, "one": "1"}) == {"zero": 0, "empty": {}, "one": "1"}


def test_settings_come_back_from_the_form_that_snakemake_keeps() -> None:
    assert named_settings([repr(as_json({"name": "it's", "of": SETTINGS}))]) == {
        "name": "it's",
        "of": SETTINGS,
    }
    assert named_settings(["'cut off: {'"]) == {}


def test_commands_of_named_settings() -> None:
    """Rules of earlier versions had a param of this name too, behind other words."""
    assert are_named("run-in text workflow_scripts.translate.decode {params.options} --out x")
    assert not are_named("run-in text workflow_scripts.translate.decode --system x {params.options} --out x")
