"""Tables of unit analysis: kept figures carry system and seed, and nulls stand beside every figure."""

import json

import numpy as np
import pytest

from tests import results_analysis, results_kept, results_probes
from tests.results_analysis import advantage, label_p, own_and_others
from tests.results_cells import marked, over_seeds
from tests.results_kept import keep


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Two seeds of an effect matrix, a mask control, a probe, and another system's figures."""
    monkeypatch.setattr(results_kept, "RESULTS", tmp_path / "docs")
    analysis = tmp_path / "results" / "toy" / "analysis"
    header = "side,set,size,units_of,loss_of,raw,centred\n"
    for seed, extra in (("1", 0.0), ("2", 0.2)):
        cells = {
            "lape": (1 + extra, 0.5, 0.25, 0.75),
            "random-1": (0.1, 0.1, 0.1, 0.1),
            "random-2": (0.1, 0, 0, 0.1),
        }
        rows = [
            f"into en,{name},5%,{of},{on},{value},0\n"
            for name, values in cells.items()
            for (of, on), value in zip((("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")), values, strict=True)
        ]
        written(analysis / f"effect_matrix/baseline/s{seed}.csv", header + "".join(rows))
    written(analysis / "effect_matrix/ns-k70/s1.csv", header + "into en,lape,5%,a,a,9,9\n")
    others = {"en-b": {"nll": 2.5, "shares": "source"}}
    of = {"full": 2.0, "own": 2.1, "others": others, "random": [2.2, 2.4, 2.3], "tokens": 7}
    written(analysis / "mask_control/baseline/s1/k70.json", json.dumps({"directions": {"en-a": of}}))
    written(
        analysis / "fit_probes/baseline/s1/encoder.language.csv",
        "part,name,measure,mean,sd,n\nall layers,,accuracy,0.9,0.01,3\nall layers,,majority,0.5,,3\n"
        "all layers,,control_all,0.6,0.02,3\nall layers,,selectivity_all,0.3,0.02,3\n"
        "all layers,,minimal_units,,,0\n",
    )
    keep(tmp_path / "results" / "toy", tmp_path / "docs" / "toy")
    return "toy"


def rows_of(lines):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_effects_are_the_baselines_over_seeds_beside_random_draws(experiment):
    lape, random = rows_of(results_analysis.effects(experiment))
    # Own: (1 + .75) / 2 and (1.2 + .75) / 2. Centred, the diagonal stands out by (1 - .5 - .25 + .75) / 2
    # = .5 and .6; of the draws by 0 and .1: mean .05 ± t(1) 12.706 · .0707 · sqrt(1.5) = ± 1.100.
    assert lape[:3] == ["into en", "lape, 5%", "+0.925 ± 0.071 (2)"]
    assert lape[3:] == ["+0.375 ± 0.000 (2)", "+0.550 ± 0.071 (2)", "−1.050 … +1.150", "0.500 0.500"]
    assert random == ["into en", "random, 5%", "+0.100", "+0.050", "–", "–", "–"]


def test_a_matrix_that_is_fragile_and_strong_alone_has_no_advantage():
    """Rows and columns that add up leave nothing on the diagonal; every order of labels has the same sum."""
    effects = np.add.outer([0.1, 0.5, 0.2], [1.0, 0.0, 3.0])
    assert advantage(effects) == pytest.approx(0, abs=1e-12)
    assert label_p(effects) == 1
    special = effects + np.diag([0.3, 0.3, 0.3])
    assert advantage(special) == pytest.approx(0.3)
    assert label_p(special) == pytest.approx(1 / 6)
    assert own_and_others(np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])) == (5, 5)


def test_the_knock_out_is_what_masks_add_to_the_full_models_loss(experiment):
    (row,) = rows_of(results_analysis.mask_control(experiment))
    # Random: .2, .4, .3: mean .3 ± t(2) 4.303 · .1 · sqrt(4/3) = ± .497.
    assert row == ["en-a", "2.000", "+0.100", "+0.500", "–", "+0.300 (−0.197 … +0.797)"]


def test_undefined_figures_of_probes_are_shown_as_such(experiment):
    (row,) = rows_of(results_probes.probes(experiment))
    accuracy, rest = "0.900 ± 0.010", ["0.600 ± 0.020", "0.300 ± 0.020", "–"]
    assert row == ["language, encoder", "0.500", accuracy, *rest]


def test_a_value_outside_its_range_has_a_mark_in_all_seeds_alone():
    assert marked("x", [(2, 0, 1), (3, 0, 1)]) == "x *"
    assert marked("x", [(2, 0, 1), (1, 0, 1)]) == "x"
    assert over_seeds([0.5]) == "+0.500"
    assert over_seeds([0.5, 0.7], sign=False) == "0.600 ± 0.141 (2)"
