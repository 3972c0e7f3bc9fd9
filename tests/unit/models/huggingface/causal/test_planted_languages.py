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
from workflow_scripts.analyse import criteria
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
    for language in LANGUAGES:
        out = root / f"counts/{language}.npz"
        call(count_activations.main, *text, "--direction", language, "--out", out)
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
