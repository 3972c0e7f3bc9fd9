"""Ablation curves: areas by hand, both ends exact, growing sets, scaled units, the files of the stage."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.small_model import (  # noqa: E402
    DIRECTIONS,
    VOCABULARY,
    batches_of,
    loss_of,
    small_network,
    without_units,
    write_system,
)
from workflow_scripts.analyse.effects.ablate_units import gates_of, main  # noqa: E402
from workflow_scripts.analyse.effects.ablation import KEPT, REMOVED, ablate, sets_of  # noqa: E402
from workflow_scripts.analyse.effects.curves import area, kept_area, removal_area  # noqa: E402
from workflow_scripts.analyse.effects.material import sizes_of, unit_means  # noqa: E402
from workflow_scripts.analyse.means import mean_sd  # noqa: E402
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.fairseq.port import FairseqPort  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

ARCHITECTURE = Architecture(1, 1, 8, 10, 2)
SPACE = model_space(ARCHITECTURE.to_dict())


def port():
    return FairseqPort(small_network(ARCHITECTURE), VOCABULARY)


def scores(seed=1):
    values = np.random.default_rng(seed).random((3, SPACE.size))
    return ScoreTable(DIRECTIONS, values, SPACE, {"counting": "magnitude: x"})


def test_areas_by_hand():
    # Half of the loss at a fifth of the units: .2 · .25 + .8 · .75.
    assert removal_area([0, 0.2, 1], [0, 1, 2]) == pytest.approx(0.05 + 0.6)
    assert removal_area([0, 1], [0, 2]) == 0.5
    # Kept: of the loss 2 a fifth of the units takes 1.5 back: .2 · .375 + .8 · .875.
    assert kept_area([0, 0.2, 1], [2, 0.5, 0]) == pytest.approx(0.075 + 0.7)
    # Worse than without all units: above 1, and below 0.
    assert removal_area([0, 0.5, 1], [0, 6, 2]) == pytest.approx(0.75 + 1)
    assert kept_area([0, 0.5, 1], [2, 6, 0]) == pytest.approx(-0.5 - 0.25)
    # A model that loses nothing without all units has no area.
    assert math.isnan(removal_area([0, 1], [0, 0])) and math.isnan(kept_area([0, 1], [-1, 0]))
    assert area([0, 0, 1, 1], [0, 1, 1, 3]) == 1
    with pytest.raises(ValueError, match="do not go from 0 to 1"):
        area([0, 0.5], [0, 1])
    with pytest.raises(ValueError, match="do not go from 0 to 1"):
        area([0, 0.6, 0.5, 1], [0, 1, 1, 1])


def test_mean_and_deviation_of_what_is_defined():
    assert mean_sd([1.0, math.nan, 3.0]) == {"mean": 2.0, "sd": pytest.approx(2**0.5), "n": 2}
    assert mean_sd([math.nan, 3.0]) == {"mean": 3.0, "sd": None, "n": 1}
    assert mean_sd([math.nan]) == {"mean": None, "sd": None, "n": 0}


def test_sets_grow_and_are_as_large_in_each_layer():
    sets = sets_of({"x": scores()}, "en-de", ["10%", "30%"], 5, 1, ["encoder", "decoder"])
    assert list(sets.named) == ["x top", "x bottom", *(f"random-{n}" for n in range(1, 6))]
    assert sets.shares() == [0, 0.1, 0.3, 1]
    for few, more in (one.values() for one in sets.named.values()):
        assert (few <= more).all()
        assert [int(more[span].sum()) for span in SPACE.slices().values()] == [3, 3]
    row = scores().row("en-de")
    assert np.flatnonzero(sets.named["x top"]["10%"]).tolist() == [row[:10].argmax(), 10 + row[10:].argmax()]
    assert len({sets.named[f"random-{n}"]["30%"].tobytes() for n in range(1, 6)}) == 5
    # A further draw changes none, another direction has others.
    six = sets_of({"x": scores()}, "en-de", ["10%", "30%"], 6, 1, ["encoder", "decoder"])
    assert all(
        (six.named[f"random-{n}"]["30%"] == sets.named[f"random-{n}"]["30%"]).all() for n in range(1, 6)
    )
    other = sets_of({"x": scores()}, "en-fr", ["10%", "30%"], 5, 1, ["encoder", "decoder"])
    assert (other.named["random-1"]["30%"] != sets.named["random-1"]["30%"]).any()
    alone = sets_of({"x": scores()}, "en-de", ["30%"], 5, 1, ["decoder"])
    assert alone.space.keys == ("decoder.0.ffn",) and alone.shares() == [0, 0.3, 1]


def test_ends_are_the_whole_model_and_one_without_units(data_bin):
    batches = batches_of(data_bin)["en-de"]
    one = port()
    sets = sets_of({"x": scores()}, "en-de", ["30%", "100%"], 5, 1, ["encoder", "decoder"])
    found = ablate(one, sets, batches, factors=["scale:0.5", "zero", "scale:1.5"], dose="30%")
    assert found.full == loss_of(one, batches) and found.tokens == 10 and found.sentences == 2
    for name in sets.named:
        removed, kept = found.added[REMOVED][name], found.added[KEPT][name]
        # No unit removed, all of them kept: the model itself. All removed, none kept: the same model.
        assert removed[0] == kept[-1] == 0.0
        assert removed[-1] == kept[0] == found.off - found.full != 0
        assert removed[2] == removed[-1] and kept[2] == 0.0
        # A factor of 0 is removal; factors act on the units of that size.
        assert found.dose[name]["zero"] == removed[1]
        assert len({*found.dose[name].values()}) == 3
    nothing = without_units(small_network(ARCHITECTURE), np.ones(SPACE.size, dtype=bool))
    assert found.off == pytest.approx(loss_of(FairseqPort(nothing, VOCABULARY), batches), abs=1e-6)


def test_means_are_those_of_real_positions_and_can_stand_in(data_bin):
    batches = batches_of(data_bin)["en-de"]
    one = port()
    means = unit_means(one, batches, SPACE)
    values = {}

    def tap(group, seen, real):
        values.setdefault(group.key, []).append(seen[real])

    with one.taps(SPACE, tap):
        for batch in batches:
            one.loss(batch)
    for key, seen in values.items():
        assert torch.allclose(means[key], torch.cat(seen).detach().double().mean(dim=0))
        assert means[key].shape == (10, 1)
    # English: 3 + 2 words, two tags and two </s>
    assert sum(map(len, values["encoder.0.ffn"])) == 9
    sets = sets_of({"x": scores()}, "en-de", ["30%"], 5, 1, ["encoder", "decoder"])
    by_zero, by_mean = (ablate(one, sets, batches, means=place).added for place in (None, means))
    assert by_zero != by_mean and by_mean[REMOVED]["x top"][0] == 0


def test_factors_and_sizes_that_cannot_be(data_bin):
    assert gates_of(["0.5", "0", "0.0", "1.5"]) == ["scale:0.5", "zero", "zero", "scale:1.5"]
    for factor, said in (("half", "'half' is not a number"), ("1", "a number other than 0 ('zero') and 1")):
        with pytest.raises(UserError) as error:
            gates_of([factor])
        assert str(error.value).startswith(f"--scale {factor}: ") and said in str(error.value)
    assert list(sizes_of(["30%", "1", "20.0%"], SPACE)) == ["1", "20%", "30%"]
    for size, said in (
        ("5%", "less than one of the 10 units of encoder.0.ffn"),
        ("11", "encoder.0.ffn has 10 units; take fewer, or a share"),
        ("5%@model", "a share of each layer's units"),
        ("101%", "at most 100%"),
    ):
        with pytest.raises(UserError) as error:
            sizes_of([size], SPACE)
        assert said in str(error.value) and "\n" not in str(error.value)


def test_command_line(data_bin, tmp_path):
    system = write_system(tmp_path / "system", ARCHITECTURE)
    facts = {"weights_sha256": system.weights_sha256, "counting": "magnitude: x"}
    for name in DIRECTIONS:
        ScoreTable([name], scores().row(name)[None], SPACE, facts).write(tmp_path / f"magnitude/{name}.npz")
    words = ["--system", str(tmp_path / "system"), "--scores", json.dumps({"m": str(tmp_path / "magnitude")})]
    words += ["--sizes", "50%", "10%", "--scale", "0.5", "1.5", "--dose", "10%", "--data-bin", str(data_bin)]
    words += ["--subset", "test", "--directions", *DIRECTIONS]
    words += [f"--out-{form}={tmp_path}/out.{form}" for form in ("json", "csv", "markdown")]
    main(words)
    result = json.loads((tmp_path / "out.json").read_text())
    assert (result["sizes"], result["shares"]) == (["10%", "50%"], [0, 0.1, 0.5, 1])
    assert result["directions"]["en-de"]["added"]["removed"]["m top"][0] == 0
    points = {(one["measure"], one["test"], one["size"]): one for one in result["summary"]}
    assert len(points) == 2 * (4 + 1) + 2
    removed = [result["directions"][name]["added"]["removed"]["m top"][2] for name in DIRECTIONS]
    at_half = points["nll", "removed", "50%"]
    assert at_half["sets"]["m top"] == {
        "mean": pytest.approx(np.mean(removed)), "sd": pytest.approx(np.std(removed, ddof=1)), "n": 3
    }  # fmt: skip
    draws = [
        np.mean([result["directions"][name]["added"]["removed"][f"random-{n}"][2] for name in DIRECTIONS])
        for n in range(1, 6)
    ]
    assert at_half["random"]["mean"] == pytest.approx(np.mean(draws))
    assert at_half["random"]["sd"] == pytest.approx(np.std(draws, ddof=1))
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(rows) == 3 * len(points) and {row["set"] for row in rows} == {"m top", "m bottom", "random"}
    text = (tmp_path / "out.markdown").read_text()
    assert "## Loss, 10% of the units scaled" in text and "m: effect when removed" in text
    for option, wrong, said in [
        ("--draws", "4", "at least 5"),
        ("--dose", "20%", "--dose 20%: not one of --sizes (10% 50%)"),
        ("--metrics", "bleu", "--metrics: translations need --sources and --references"),
    ]:
        with pytest.raises(UserError, match=said.replace("(", r"\(").replace(")", r"\)")):
            main([*words, option, wrong])
    ScoreTable(["en-de"], scores().row("en-de")[None], SPACE, {**facts, "weights_sha256": "0" * 64}).write(
        tmp_path / "magnitude/en-de.npz"
    )
    with pytest.raises(UserError, match="weights_sha256 is"):
        main(words)
