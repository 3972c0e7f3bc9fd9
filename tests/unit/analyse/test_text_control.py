"""Masks of one selection on several texts: overlap, chance and ceiling by hand, and the three files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.analyse.text_control import main
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space

SPACE = model_space({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4})
FACTS = {"rule": "top", "select": "top:2", "weights_sha256": "a" * 64}


def write_masks(path: Path, rows: dict[str, str], **facts: str) -> Path:
    keep = np.array([[bit == "1" for bit in bits] for bits in rows.values()])
    MaskTable(rows, keep, SPACE, {**FACTS, **facts}).write(path)
    return path


@pytest.fixture
def files(tmp_path):
    own = write_masks(tmp_path / "top.npz", {"en-de": "11001100", "de-en": "11001100"})
    # en-de: encoder shares one of three units, decoder both; de-en: none of four, all of four.
    latin = write_masks(tmp_path / "latin.npz", {"de-en": "00111111", "en-de": "10101100"})
    same = write_masks(tmp_path / "v1.0.npz", {"en-de": "11001100", "de-en": "11001100"})
    return tmp_path, own, latin, same


def compare(folder, own, *others, stability=None):
    out = {name: folder / f"out.{name}" for name in ("json", "csv", "markdown")}
    words = [word for name, file in out.items() for word in (f"--out-{name}", str(file))]
    words += ["--stability", str(stability)] if stability else []
    main(["--masks", str(own), "--others", *map(str, others), *words])
    rows = list(csv.DictReader(out["csv"].open()))
    return json.loads(out["json"].read_text()), rows, out["markdown"].read_text()


def test_overlap_by_hand(files):
    folder, own, latin, same = files
    found, rows, text = compare(folder, own, latin, same)
    assert (found["own"], list(found["sets"])) == ("top", ["latin", "v1.0"])
    directions = found["sets"]["latin"]["directions"]
    iou = {d: {layer: one["iou"] for layer, one in layers.items()} for d, layers in directions.items()}
    assert iou["en-de"] == pytest.approx(
        {"encoder.0.ffn": 1 / 3, "decoder.0.ffn": 1, "encoder.mean": 1 / 3, "decoder.mean": 1}
    )
    assert iou["de-en"]["encoder.mean"] == 0 and iou["de-en"]["decoder.mean"] == 1 / 2
    # Half and half of the units are kept: 1/3. Half and all: 1/2.
    assert directions["de-en"]["decoder.0.ffn"]["chance"] == 1 / 2
    assert found["sets"]["latin"]["mean"]["encoder.mean"]["iou"] == pytest.approx(1 / 6)
    assert found["sets"]["v1.0"]["mean"]["encoder.mean"]["iou"] == 1
    last = {"masks": "latin", "direction": "mean", "layer": "decoder.mean", "iou": "0.750000"}
    assert {**last, "chance": "0.416667", "ceiling": ""} in rows
    assert len(rows) == 2 * 3 * 4
    assert "| encoder.mean | 0.167 (0.333) | 1.000 (0.333) | – |" in text


def test_the_ceiling_is_of_samples_of_the_whole_text(files):
    folder, own, latin, _ = files
    sizes = [{"sentences": 50, "mean_iou": 0.1}, {"sentences": "all", "mean_iou": 0.9}]
    layers = {"encoder.0.ffn": sizes, "decoder.0.ffn": sizes, "encoder.mean": sizes, "decoder.mean": sizes}
    stability = folder / "stability.json"
    directions = {direction: {"layers": layers} for direction in ("en-de", "de-en")}
    stability.write_text(json.dumps({"directions": directions}))
    found, _, text = compare(folder, own, latin, stability=stability)
    assert found["sets"]["latin"]["mean"]["encoder.mean"]["ceiling"] == pytest.approx(0.9)
    assert "| encoder.mean | 0.167 (0.333) | 0.900 |" in text
    stability.write_text("{}")
    with pytest.raises(UserError, match=r"stability\.json: not by stability, it lacks 'directions'"):
        compare(folder, own, latin, stability=stability)


def test_masks_of_other_weights_are_refused(files):
    folder, own, _, _ = files
    other = write_masks(folder / "other.npz", {"en-de": "11001100"}, weights_sha256="b" * 64)
    with pytest.raises(UserError, match=r"other\.npz: masks were made from weights bbbbbbbbbbbb"):
        compare(folder, own, other)
