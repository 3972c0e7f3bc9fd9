"""Masks of samples: counts by sentence, samples by hand, means over pairs of draws and their interval."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import torch

from tests.unit.activations.test_count_activations import (  # noqa: F401
    VOCABULARY,
    count,
    data_bin,
    random_network,
    slow_counts,
    system,
    write_bin,
)
from workflow_scripts.analyse.sampled_masks import (
    chance_overlap,
    draw,
    mean_of_pairs,
    overlaps,
    resampled,
    stability,
)
from workflow_scripts.analyse.stability import count_sentences, main
from workflow_scripts.analyse.stability_tables import csv_rows, markdown
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.batches import direction_dataset
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import model_space

SPACE = model_space({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 3})
TOP = Selection("top:1")
# Three sentences; encoder units 0-2, decoder units 3-5.
COUNTS = np.array([[5, 0, 1, 2, 0, 0], [0, 7, 1, 2, 0, 0], [0, 0, 1, 2, 0, 9]], dtype=np.uint16)


def test_counts_by_sentence_add_up_to_the_counts_of_the_text(tmp_path):
    sides = {"en": [[4, 5, 6], [7], [8, 9, 10, 11, 12]], "de": [[13, 14], [15, 16, 17, 18], [4]]}
    for language, sentences in sides.items():
        write_bin(tmp_path, f"valid.de-en.{language}", sentences)
    network = random_network()
    dataset = direction_dataset(tmp_path, "valid", "en-de", VOCABULARY)
    port = FairseqPort(network, VOCABULARY)
    with torch.inference_mode():
        by_sentence = count_sentences(port, port.batches(dataset, 100, by_source=True))
    assert (by_sentence.shape, by_sentence.dtype) == ((3, 16), np.uint16)
    assert by_sentence.sum(axis=0).tolist() == count(network, dataset)[0].flatten().tolist()
    # The second sentence is the second row, though batches are sorted by length.
    alone = tmp_path / "alone"
    alone.mkdir()
    for language, sentences in sides.items():
        write_bin(alone, f"valid.de-en.{language}", sentences[1:2])
    one = direction_dataset(alone, "valid", "en-de", VOCABULARY)
    assert by_sentence[1].tolist() == slow_counts(network, one).flatten().tolist()


def test_a_sample_adds_up_its_sentences():
    samples = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]])
    assert resampled(COUNTS, samples).tolist() == [[10, 0, 3, 6, 0, 9], [0, 21, 3, 6, 0, 0]]


def test_samples_have_their_size_and_further_draws_change_none():
    few, more = draw(50, 20, 2, seed=1), draw(50, 20, 5, seed=1)
    assert few.sum(axis=1).tolist() == [20, 20]
    assert (more[:2] == few).all()
    assert not (more[0] == more[1]).all()
    assert not (draw(50, 20, 2, seed=2) == few).all()


def test_overlap_of_masks_of_two_samples():
    # Encoder: units 0 and 0, then 1. Decoder: 5 and 3 and 3 (a tie of 6 and 6 would keep the lower).
    counts = np.array([[10, 0, 3, 6, 0, 9], [4, 0, 3, 6, 0, 0], [0, 21, 3, 6, 0, 6]])
    found = overlaps(counts, TOP, "en-de", SPACE)
    assert found["encoder.0.ffn"].iou.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert found["decoder.0.ffn"].iou.tolist() == [[1, 0, 0], [0, 1, 1], [0, 1, 1]]
    assert found["decoder.mean"].iou.tolist() == found["decoder.0.ffn"].iou.tolist()
    # One of three units is kept: two random ones share 1/9 of the layer, of the 5/9 that either keeps.
    assert found["encoder.mean"].kept == pytest.approx(1 / 3)
    assert found["encoder.mean"].chance == pytest.approx(1 / 5)


def test_the_mean_over_pairs_and_its_interval_by_draws():
    # Without the third draw .5 is left, without the second .6, without the first .7: their deviations from .6
    # are .1, 0, .1, so the error is sqrt(2/3 · .02) = .11547. Student's t of two degrees is 4.30265.
    iou = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.7], [0.6, 0.7, 1.0]])
    mean, low, high = mean_of_pairs(iou)
    assert mean == pytest.approx(0.6)
    half = 4.30265 * math.sqrt(2 / 3 * 0.02)
    assert low == pytest.approx(0.6 - half, abs=1e-4)
    assert (high, 0.6 + half > 1) == (1.0, True)
    assert mean_of_pairs(np.ones((5, 5))) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(("one", "other", "iou"), [(0.5, 0.5, 1 / 3), (1.0, 0.2, 0.2), (0.0, 0.0, 1.0)])
def test_what_chance_gives(one, other, iou):
    assert chance_overlap(one, other) == pytest.approx(iou)


def test_two_samples_agree_less_than_a_sample_and_its_text():
    """Why samples are compared with one another: the text holds what was drawn from it."""
    generator = np.random.Generator(np.random.PCG64(3))
    space = model_space({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 200})
    rates = generator.gamma(2.0, 2.0, size=space.size)
    counts = generator.poisson(rates, size=(40, space.size)).astype(np.uint16)
    selection = Selection("top:25%")
    sums = resampled(counts, np.vstack([draw(40, 40, 10, seed=1), np.ones((1, 40))]))
    iou = overlaps(sums, selection, "en-de", space)["encoder.mean"].iou
    between, with_text = mean_of_pairs(iou[:10, :10])[0], float(iou[:10, 10].mean())
    assert between < with_text - 0.02


def result(**more):
    found = stability([("en-de", COUNTS), ("de-en", COUNTS[:2])], TOP, SPACE, [1, 2], 5, seed=1)
    masks = {"select": "top:1", "rule": "top"}
    return {"masks": masks, "subset": "valid", "draws": 5, "pairs": 10, **found, **more}


def test_every_direction_layer_and_size_is_told_the_whole_text_last():
    found = result()
    assert [found["directions"][d]["sentences"] for d in ("en-de", "de-en")] == [3, 2]
    for layers in (found["mean"], *(one["layers"] for one in found["directions"].values())):
        assert list(layers) == ["encoder.0.ffn", "decoder.0.ffn", "encoder.mean", "decoder.mean"]
        assert all([one["sentences"] for one in sizes] == [1, 2, "all"] for sizes in layers.values())
    # The decoder of de-en keeps unit 3 in every sample.
    assert {one["mean_iou"] for one in found["directions"]["de-en"]["layers"]["decoder.mean"]} == {1.0}
    encoder = [one["layers"]["encoder.mean"][0]["mean_iou"] for one in found["directions"].values()]
    assert found["mean"]["encoder.mean"][0]["mean_iou"] == pytest.approx(sum(encoder) / 2)
    rows = list(csv_rows(found))
    assert len(rows) == 3 * 4 * 3
    assert rows[0][:3] == ("en-de", "encoder.0.ffn", "1")
    assert json.loads(json.dumps(found)) == found
    text = markdown(found)
    assert "| layer | 1 | 2 | all | kept | chance |" in text and "| de-en | 2 |" in text


def test_more_sentences_than_there_are_is_one_line():
    with pytest.raises(UserError) as caught:
        stability([("de-en", COUNTS[:2])], TOP, SPACE, [3], 5, seed=1)
    assert str(caught.value) == (
        "--sentences 3: de-en has 2 sentences that fit the model; take fewer (analysis.stability.sentences)"
    )


def test_command_line(data_bin, system, tmp_path):  # noqa: F811
    """Unit 0 of both layers fires at every position: each sample selects it, and no other."""
    out = {name: tmp_path / f"k.{name}" for name in ("json", "csv", "markdown")}
    words = [word for name, file in out.items() for word in (f"--out-{name}", str(file))]
    words += ["--system", str(system.folder), "--data-bin", str(data_bin), "--subset", "valid"]
    main([*words, "--directions", "en-de", "de-en", "--select", "top:1", "--sentences", "2", "--draws", "5"])
    found = json.loads(out["json"].read_text())
    assert (found["draws"], found["pairs"], found["subset"]) == (5, 10, "valid")
    assert found["masks"]["weights_sha256"] == system.weights_sha256
    assert list(found["directions"]) == ["en-de", "de-en"]
    rows = list(csv.DictReader(out["csv"].open()))
    assert len(rows) == 3 * 4 * 2
    assert {(row["mean_iou"], row["low"], row["kept"]) for row in rows} == {
        ("1.000000", "1.000000", "0.250000")
    }
    assert "# Stability of masks (top:1)" in out["markdown"].read_text()
