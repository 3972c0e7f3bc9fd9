"""Criteria side by side: effects equal to networks that lack the units, and what is said of them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable

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
from workflow_scripts.analyse import mask_control  # noqa: E402
from workflow_scripts.analyse.criteria import draw, effects, main, others_of, overlaps, summary  # noqa: E402
from workflow_scripts.models.fairseq.port import FairseqPort  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402
from workflow_scripts.units.system import SystemFolder  # noqa: E402

ARCHITECTURE = Architecture(1, 1, 8, 6, 2)
SPACE = model_space(ARCHITECTURE.to_dict())
ALL = others_of(DIRECTIONS, None, seed=1)


def network():
    return small_network(ARCHITECTURE)


def chosen(seed=0):
    keep = np.random.default_rng(seed).random((3, SPACE.size)) < 0.4
    return MaskTable(DIRECTIONS, keep, SPACE, {"rule": "top", "weights_sha256": "00"})


def nll_without(direction, gone, batches):
    return loss_of(FairseqPort(without_units(network(), gone), VOCABULARY), batches[direction])


def test_effects_equal_networks_without_the_units(data_bin):
    table, batches = chosen(), batches_of(data_bin)
    found, texts = effects(FairseqPort(network(), VOCABULARY), {"x": table}, batches, ALL)
    nothing = np.zeros(SPACE.size, dtype=bool)
    for text in DIRECTIONS:
        full = nll_without(text, nothing, batches)
        assert texts[text]["full"] == pytest.approx(full, abs=1e-5)
        for own in DIRECTIONS:
            units = table.row(own)
            removed, kept = (nll_without(text, gone, batches) - full for gone in (units, ~units))
            assert found["x"]["removed"][own][text] == pytest.approx(removed, abs=1e-5)
            assert found["x"]["kept"][own][text] == pytest.approx(kept, abs=1e-5)
            assert abs(removed) > 1e-3 and abs(removed - kept) > 1e-3
    # German: 2 + 4 words, two tags and two </s>
    assert texts["en-de"]["tokens"] == 10 and texts["en-de"]["sentences"] == 2


def test_others_are_all_or_as_many_of_each():
    assert ALL == {"en-de": ["en-fr", "de-en"], "en-fr": ["de-en", "en-de"], "de-en": ["en-de", "en-fr"]}
    names = [f"d{number}" for number in range(9)]
    some = others_of(names, 3, seed=1)
    tested = [text for texts in some.values() for text in texts]
    assert all(len(set(texts)) == 3 and own not in texts for own, texts in some.items())
    assert all(tested.count(name) == 3 for name in names)
    assert others_of(names, 3, seed=2) != some and others_of(names, 99, seed=1) == others_of(names, None, 1)
    with pytest.raises(UserError, match="en-de: criteria compare a direction with others"):
        others_of(["en-de"], None, seed=1)


def test_random_sets_are_as_large_and_further_ones_change_none():
    table = chosen()
    five, six = draw(table, 5, seed=1), draw(table, 6, seed=1)
    assert list(six) == [f"random-{number}" for number in range(1, 7)]
    assert all(np.array_equal(five[name].keep, six[name].keep) for name in five)
    for span in SPACE.slices().values():
        sizes = table.keep[:, span].sum(axis=1)
        assert all(np.array_equal(one.keep[:, span].sum(axis=1), sizes) for one in six.values())
    assert len({one.keep.tobytes() for one in six.values()}) == 6


def test_summary_by_hand():
    found = summary({"a": {"a": 3.0, "b": 1.0, "c": 0.0}, "b": {"b": 1.0, "a": 0.5, "c": 0.5}})
    # Own 3 and 1; others .5 and .5; own minus others 2.5 and .5.
    assert found["own"] == {"mean": 2.0, "sd": pytest.approx(2**0.5), "n": 2}
    assert found["others"] == {"mean": 0.5, "sd": 0.0, "n": 2}
    assert found["difference"] == {"mean": 1.5, "sd": pytest.approx(2**0.5), "n": 2, "positive": 2}


def test_overlaps_by_hand():
    rows = np.zeros((2, 3, SPACE.size), dtype=bool)
    rows[0, :, :2], rows[1, :, 1:3] = True, True  # of the first layer units 0, 1 and 1, 2: one of three
    rows[1, 0, :3] = [True, True, False]  # of the first direction the same ones
    sets = {name: MaskTable(DIRECTIONS, one, SPACE, {}) for name, one in zip("ab", rows, strict=True)}
    found = overlaps(sets, DIRECTIONS)
    assert found["encoder.0.ffn"]["a"] == pytest.approx([1.0, (1 + 1 / 3 + 1 / 3) / 3])
    assert found["decoder.0.ffn"]["b"] == [1.0, 1.0]  # both keep none


def test_command_line(data_bin, tmp_path):
    folder = tmp_path / "system"
    system = write_system(folder, ARCHITECTURE)
    values = np.random.default_rng(1).random((3, SPACE.size))
    facts = {"weights_sha256": system.weights_sha256, "counting": "magnitude: x"}
    for name, row in zip(DIRECTIONS, values, strict=True):
        ScoreTable([name], row[None], SPACE, facts).write(tmp_path / f"magnitude/{name}.npz")
        ScoreTable([name], -row[None], SPACE, facts).write(tmp_path / f"least/{name}.npz")
        ScoreTable([name], np.ones_like(row)[None], SPACE, facts).write(tmp_path / f"flat/{name}.npz")
    masks = MaskTable(DIRECTIONS, chosen().keep, SPACE, {"rule": "mass", "k": "70", **facts})
    masks.write(tmp_path / "k70.npz")
    scores = json.dumps({name: str(tmp_path / name) for name in ("magnitude", "least")})
    words = ["--system", str(folder), "--scores", scores, "--size", "2", "--data-bin", str(data_bin)]
    words += ["--subset", "test", "--directions", *DIRECTIONS, "--masks", str(tmp_path / "k70.npz")]
    words += [f"--out-{form}={tmp_path}/out.{form}" for form in ("json", "csv", "markdown")]
    main(words)
    result = json.loads((tmp_path / "out.json").read_text())
    batches, gone = batches_of(data_bin), np.zeros(SPACE.size, dtype=bool)
    for span in SPACE.slices().values():
        gone[span][np.argsort(-values[0][span])[:2]] = True
    expected = nll_without("en-de", gone, batches) - result["texts"]["en-de"]["full"]
    assert result["effects"]["magnitude"]["removed"]["en-de"]["en-de"] == pytest.approx(expected, abs=1e-5)
    assert result["draws"] == [f"random-{number}" for number in range(1, 6)]
    assert (result["units"], result["of_units"]) == (4, 12)
    removal = result["semantics"]["nll"]["removal"]["de-en"]
    assert removal == pytest.approx(nll_without("de-en", ~masks.row("de-en"), batches), abs=1e-5)
    assert abs(removal - result["semantics"]["nll"]["row mask"]["de-en"]) > 1e-3
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(rows) == 2 * 3 * 3 and {row["criterion"] for row in rows} == {"magnitude", "least", "random"}
    for option, wrong, said in [("draws", "4", "at least 5"), ("size", "5%@model", "of every layer")]:
        with pytest.raises(UserError, match=said):
            main([*words, f"--{option}", wrong])
    assert result["accepted_uninformative"] == {}
    flat = ["--scores", json.dumps({"flat": str(tmp_path / "flat")})]
    with pytest.raises(UserError, match="flat: tied: 2 of the 2 units"):
        main([*words, *flat])
    main([*words, *flat, "--accept-uninformative"])
    result = json.loads((tmp_path / "out.json").read_text())
    assert "tied: 2 of the 2 units" in result["accepted_uninformative"]["flat"][0]


@pytest.mark.parametrize("stage", [main, mask_control.main])
def test_a_system_whose_own_masks_would_be_left_out_is_refused(data_bin, tmp_path, stage):
    plain = write_system(tmp_path / "system", ARCHITECTURE)
    facts = {"weights_sha256": plain.weights_sha256, "rule": "mass", "k": "70"}
    MaskTable(DIRECTIONS, chosen().keep, SPACE, facts).write(tmp_path / "system/masks.npz")
    SystemFolder.write(
        plain.folder, system="ns", seed=1, languages=plain.languages, text={},
        mask_rows={name: name for name in DIRECTIONS}, architecture=plain.architecture,
    )  # fmt: skip
    words = [
        f"--system={plain.folder}",
        f"--data-bin={data_bin}",
        "--subset=test",
        "--directions",
        *DIRECTIONS,
    ]
    own = {
        main: [
            "--scores",
            "{}",
            "--size=2",
            *(f"--out-{form}={tmp_path}/x" for form in ("json", "csv", "markdown")),
        ],
        mask_control.main: [f"--masks={tmp_path}/system/masks.npz", f"--out={tmp_path}/x"],
    }
    with pytest.raises(UserError, match="'ns' translates en-de through a mask"):
        stage([*words, *own[stage]])
