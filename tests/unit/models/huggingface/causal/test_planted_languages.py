"""Planted language units, through the stages: found by both forms of LAPE, and causally special."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.unit.models.huggingface.causal.planted import (
    LANGUAGES,
    PLANTED,
    UNITS,
    VOCABULARY,
    WORDS,
    planted_system,
    planted_units,
)
from workflow_scripts.activations import count_activations
from workflow_scripts.analyse import criteria, strongest_units
from workflow_scripts.analyse.effects import ablate_units, effect_matrix
from workflow_scripts.units import score_lape, select_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import FORMS

#: Without a language's units all words are as likely: the loss rises by what there are more of them.
KNOWN = math.log(VOCABULARY / WORDS)


def call(main, *arguments) -> None:
    main([str(one) for one in arguments])


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def root(request, tmp_path_factory) -> Path:
    """A folder with the texts, the system, its counts and both forms of LAPE."""
    root = tmp_path_factory.mktemp(request.param)
    system = planted_system(request.param, root)
    text = "--system", system.folder, "--data-bin", root, "--subset", "valid"
    call(count_activations.main, *text, "--directions", *LANGUAGES, "--out-root", root / "counts")
    for form in FORMS:
        given = "--activations-root", root / "counts", "--directions", *LANGUAGES, "--form", form
        call(score_lape.main, *given, "--out-root", root / form)
    return root


def tables(root: Path, name: str) -> tuple[list[str | Path], Path]:
    """The options of a stage's text and tables, and its JSON."""
    ends = (("json", "json"), ("csv", "csv"), ("markdown", "md"))
    outputs = [part for option, end in ends for part in (f"--out-{option}", root / f"{name}.{end}")]
    text = ["--system", root / "system", "--data-bin", root, "--subset", "valid", "--directions", *LANGUAGES]
    return [*text, *outputs], root / f"{name}.json"


@pytest.mark.parametrize("form", FORMS)
def test_lape_finds_them(form, root):
    given = "--activations-root", root / form, "--directions", *LANGUAGES, "--select", f"top:{PLANTED}"
    call(select_masks.main, *given, "--out", root / f"{form}-masks.npz")
    masks = MaskTable.read(root / f"{form}-masks.npz")
    assert masks.rows == LANGUAGES and masks.space.keys == ("decoder.0.ffn", "decoder.1.ffn")
    for language, mine in planted_units().items():
        assert np.array_equal(masks.row(language).reshape(2, UNITS), np.stack([mine, mine]))


def test_the_diagonal_of_the_effect_matrix_stands_out(root):
    given, out = tables(root, "matrix")
    more = "--activations-root", root / "counts", "--criteria", "lape", "difference", "--sizes", PLANTED
    call(effect_matrix.main, *given, *more)
    result = json.loads(out.read_text())
    assert list(result["sides"]) == ["languages"]
    side = result["sides"]["languages"]
    assert (side["stack"], list(side["languages"])) == ("decoder", [*LANGUAGES])
    for text in side["languages"].values():
        assert text["full"] == pytest.approx(math.log(WORDS), abs=0.02)
    for name in ("lape", "difference"):
        found = side["sets"][name][str(PLANTED)]
        raw = np.array(found["raw"])
        assert np.diag(raw) == pytest.approx(KNOWN, abs=0.02)
        assert np.abs(raw[~np.eye(5, dtype=bool)]).max() < 0.01
        # Of the 120 orders of five languages the true one stands out most.
        assert found["permutation"]["p"] == pytest.approx(1 / 120) and found["hit_hardest"] == 5
        assert all(one["p_holm"] < 0.05 and one["difference"] > 1 for one in found["paired"])
        assert f"{name}, {PLANTED} of the decoder's units, languages: causally special" in " ".join(
            result["verdicts"].values()
        )
    page = (root / "matrix.md").read_text()
    assert "Perplexity of the whole model: cs 24.0" in page
    # 123 words and tokens in the place of 24.
    assert "times the perplexity" in page and "| cs | 5.1" in page.partition("times the perplexity")[2]
    with (root / "matrix.csv").open() as handle:
        rows = [row for row in csv.DictReader(handle) if row["set"] == "lape"]
    assert {(row["units_of"], row["loss_of"]) for row in rows} == {
        (a, b) for a in LANGUAGES for b in LANGUAGES
    }


def test_ablation_curves_of_their_scores(root):
    given, out = tables(root, "ablation")
    scores = json.dumps({form: str(root / form) for form in FORMS})
    call(ablate_units.main, *given, "--scores", scores, "--sizes", PLANTED, "10", "--stacks", "decoder")
    result = json.loads(out.read_text())
    for of in result["directions"].values():
        for form in FORMS:
            assert of["added"]["removed"][f"{form} top"][1] == pytest.approx(KNOWN, abs=0.02)
            assert abs(of["added"]["removed"][f"{form} bottom"][1]) < 0.01
            # They alone do what the whole model does.
            assert abs(of["added"]["kept"][f"{form} top"][1]) < 0.01


def test_criteria_side_by_side(root):
    given, out = tables(root, "criteria")
    scores = json.dumps({form: str(root / form) for form in FORMS})
    call(criteria.main, *given, "--scores", scores, "--size", PLANTED, "--others", 1)
    found = json.loads(out.read_text())["summary"]["lape"]["removed"]
    assert found["own"]["mean"] == pytest.approx(KNOWN, abs=0.02) and abs(found["others"]["mean"]) < 0.01


def test_the_strongest_units_are_the_planted_ones(root):
    given, out = tables(root, "strongest")
    more = "--activations-root", root / "counts", "--units", 2 * PLANTED, "--select", "mass:70"
    call(strongest_units.main, *given, *more, "--removed-sentences", 14, "--max-sentences", 14)
    found = json.loads(out.read_text())
    for language, mine in planted_units().items():
        assert found["languages"][language]["source"] == []
        units = found["languages"][language]["target"]
        assert {one["unit"] for one in units} == {
            f"decoder.{layer}.ffn:{unit}" for layer in (0, 1) for unit in np.flatnonzero(mine)
        }
        for one in units:
            assert (one["rate"] > 0.7, one["rate_elsewhere"]) == (True, 0.0)
            # They fire on each word of their language, and on no other.
            assert one["words"] and all(word["word"].startswith(language) for word in one["words"])
            assert all(word["times"] == word["of"] >= 3 for word in one["words"])
    removed = found["removed"]
    assert (removed["units"], list(removed["matrix"])) == (2 * PLANTED, [*LANGUAGES])
    for own, cells in removed["matrix"].items():
        assert {name: one["n"] for name, one in cells.items()} == dict.fromkeys(LANGUAGES, 14)
        for language, one in cells.items():
            expected = pytest.approx(KNOWN, abs=0.05) if language == own else pytest.approx(0, abs=0.01)
            assert one["mean"] == expected
        # A random set may have a planted unit of the language among its four: one of two in a layer.
        draws = removed["random"][own]
        assert len({*draws}) == 5 and max(draws) < KNOWN / 2
