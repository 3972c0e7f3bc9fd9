"""The stage: models that share all units in another order, masked ones, and what cannot be compared."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.correlation_world import reordered, write_system, write_text  # noqa: E402
from tests.unit.analyse.small_model import DIRECTIONS, PIECES  # noqa: E402
from workflow_scripts.analyse.correlation import compare as compare_module  # noqa: E402
from workflow_scripts.analyse.correlation.compare import bytes_of, sites_of  # noqa: E402
from workflow_scripts.analyse.correlation.correlate_units import main  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.select_masks import informative_masks  # noqa: E402
from workflow_scripts.units.selection import Selection  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

ORDER = [3, 0, 5, 1, 4, 2]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A model, the same with its neurons in another order, one of other weights, one through masks."""
    root = tmp_path_factory.mktemp("world")
    write_text(root / "bin")
    write_system(root / "one")
    write_system(root / "same", change=reordered(ORDER))
    write_system(root / "other", seed=2)
    write_system(root / "masked", seed=3, keep=np.array([True] * 4 + [False] * 2 + [True] * 6))
    return root


def run(world, out, models, *more):
    words = ["--models", json.dumps({name: str(world / name) for name in models})]
    words += ["--data-bin", str(world / "bin"), "--subset", "test", "--directions", *DIRECTIONS]
    words += ["--out-scores", f"{out}/{{form}}/{{model}}.npz"]
    words += [f"--out-{form}={out}/out.{form}" for form in ("json", "csv", "markdown")]
    main([*words, *more])
    return json.loads((out / "out.json").read_text())


def test_models_that_share_all_units_in_another_order(world, tmp_path):
    found = run(world, tmp_path, ["one", "same"])
    assert list(found["sites"]) == ["encoder.0.ffn", "decoder.0.ffn"]
    alive = {}
    for name, facts in found["sites"].items():
        # Some of six random neurons never fire on this text; the others have their double.
        alive[name] = 6 - facts["constant"][0]["text"]
        assert (
            facts["max"]["mean"] == pytest.approx(1.0, abs=1e-5)
            and facts["max"]["models"][0]["n"] == alive[name]
        )
        assert facts["linreg"]["mean"] == pytest.approx(1.0, abs=1e-3)
        assert facts["svcca"]["mean"] == pytest.approx(1.0, abs=1e-4)
        assert len(facts["max"]["chance"]["draws"]) == 5 and facts["max"]["chance"]["high"] < 0.9
    assert min(alive.values()) >= 3
    assert found["text"]["tokens"]["encoder"]["fit"] > 3 * found["text"]["tokens"]["encoder"]["held_out"]
    assert found["text"]["directions"] == dict.fromkeys(DIRECTIONS, 40)
    for form in ("max", "min", "linreg"):
        one, same = (ScoreTable.read(tmp_path / f"{form}/{name}.npz") for name in ("one", "same"))
        assert one.rows == tuple(DIRECTIONS)
        np.testing.assert_allclose(same.values[0][:6], one.values[0][:6][ORDER], atol=1e-5)
        np.testing.assert_array_equal(one.values[0], one.values[2])
        assert one.metadata["counting"] == f"correlation: {form}"
    masks = informative_masks(one, Selection("top:2"), accept=True)
    assert masks.of == "correlation" and masks.keep.sum(axis=1).tolist() == [4, 4, 4]
    one.check_model(model_space({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 6}), _sha(found, "one"))


def _sha(found, name):
    return found["models"][name]["weights_sha256"]


def test_tables(world, tmp_path):
    found = run(world, tmp_path, ["one", "same", "other"])
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(rows) == 2 * 5 and rows[0]["form"] == "max" and rows[0]["draws"] == "5"
    first = found["sites"]["encoder.0.ffn"]
    assert float(rows[0]["mean"]) == first["max"]["mean"] and float(rows[1]["mean"]) == first["min"]["mean"]
    assert first["min"]["mean"] < first["max"]["mean"] and len(first["svcca"]["pairs"]) == 3
    text = (tmp_path / "out.markdown").read_text()
    assert "# Cross-model correlation: one, same, other" in text and "With two models" not in text
    assert (
        f"{first['max']['mean']:.3f} ± {first['max']['sd']:.3f} ({first['max']['chance']['mean']:.3f})"
        in text
    )


def test_a_system_is_read_through_its_own_masks(world, tmp_path):
    """A masked neuron is the constant ReLU(bias), so it scores 0; others do not, if they fire at all."""
    found = run(world, tmp_path, ["masked", "other"], "--forms", "max")
    scores = ScoreTable.read(tmp_path / "max/masked.npz").values[0]
    assert scores[4:6].tolist() == [0.0, 0.0] and scores[:4].max() > 0
    assert found["sites"]["encoder.0.ffn"]["constant"][0]["text"] >= 2
    assert set(found["sites"]["encoder.0.ffn"]) == {"units", "constant", "max"}
    assert not (tmp_path / "linreg").exists()


def test_other_models_are_partners_without_scores(world, tmp_path):
    others = ["--others", json.dumps({"same": str(world / "same")})]
    found = run(world, tmp_path, ["one"], *others, "--layers", "all", "--units", "ffn", "resid")
    assert list(found["models"]) == ["one", "same"]
    assert list(found["sites"]) == ["encoder.ffn", "encoder.resid", "decoder.ffn", "decoder.resid"]
    assert [path.name for path in (tmp_path / "max").iterdir()] == ["one.npz"]
    assert ScoreTable.read(tmp_path / "max/one.npz").space.kinds == ("ffn", "resid")
    assert found["sites"]["encoder.resid"]["max"]["mean"] == pytest.approx(1.0, abs=1e-5)


def test_layers_that_do_not_fit_into_memory_are_read_again(world, tmp_path, monkeypatch):
    together = run(world, tmp_path / "a", ["one", "other"])
    monkeypatch.setattr(compare_module, "AT_ONCE", 1.0)
    assert run(world, tmp_path / "b", ["one", "other"]) == together


REFUSED = {
    "alone": (["one"], (), "--models: one alone; units are compared between two models at least"),
    "the same weights": (["one", "copy"], (), "--models: one and copy have the same weights and masks"),
    "another vocabulary": (
        ["one", "words"],
        (),
        r"--models: words has another vocabulary \(.*dict.txt\) than one",
    ),
    "other units": (
        ["one", "wide"],
        (),
        "--models: wide has other units than one: .*; compare models of one",
    ),
    "draws": (["one", "other"], ("--draws", "4"), "--draws is 4, at least 5 is needed"),
    "twice": (["one", "other"], ("--others", '{"one": "x"}'), "--others: one is one of --models, too"),
    "sentences": (["one", "other"], ("--max-sentences", "1"), "--max-sentences is 1, at least 2 is needed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_a_line(name, world, tmp_path):
    models, more, said = REFUSED[name]
    if not (world / "copy").exists():
        write_system(world / "copy")
        write_system(world / "words", seed=5, pieces=[*PIECES[1:], "q"])
        _write_wide(world / "wide")
    with pytest.raises(UserError, match=said) as caught:
        run(world, tmp_path, models, *more)
    assert "\n" not in str(caught.value)


def _write_wide(folder):
    write_system(folder, seed=6)
    described = json.loads((folder / "system.json").read_text())
    described["architecture"]["ffn_dim"] = 7
    (folder / "system.json").write_text(json.dumps(described))


def test_a_site_that_is_too_large_is_one_line(world, tmp_path, monkeypatch):
    monkeypatch.setattr(compare_module, "MOST", 100.0)
    with pytest.raises(
        UserError, match=r"--layers same: the 6 units of encoder\.0\.ffn would need 0 GB; take"
    ):
        run(world, tmp_path, ["one", "other"])


def test_bytes_and_sites():
    # Two models of 4,096 units: two own products, one of both and one a draw; two parts of the text.
    assert bytes_of(4096, 2, 5, ["max", "linreg"]) == 2 * 8 * 4096**2 * 8
    assert bytes_of(4096, 3, 5, ["max", "min"]) == 2 * 8 * 4096**2 * (3 + 10)
    space = model_space({"encoder_layers": 2, "decoder_layers": 1, "ffn_dim": 3})
    assert {name: site.size for name, site in sites_of(space, "all").items()} == {
        "encoder.ffn": 6,
        "decoder.ffn": 3,
    }
    assert list(sites_of(space, "same")) == list(space.keys)
