"""Figures that were measured before on the shared Multi30k model: counts, masks and likelihoods end to end.

Those of all sentences are asserted on what `tests/unit/analyse/multi30k.py` has kept; some sentences are
counted and measured again, and must give what was kept of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.analyse.overlap import iou_matrix

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.multi30k import (  # noqa: E402
    COUNTED,
    DIRECTIONS,
    FEW_COUNTED,
    FEW_MEASURED,
    INTO,
    MEASURED,
    OUT_OF,
    SPACE,
    Kept,
    Multi30k,
    files,
)
from workflow_scripts.analyse.mask_control import verdict  # noqa: E402
from workflow_scripts.common.files import sha256_of  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.select_masks import mass_masks  # noqa: E402

# NLL per token: full, own, other languages' masks (lowest, highest), random
NLL = {
    "en-de": (1.81, 2.00, 2.38, 2.44, 2.27),
    "en-fr": (1.20, 1.39, 1.90, 1.99, 1.78),
    "en-cs": (2.03, 2.23, 2.66, 2.79, 2.68),
    "de-en": (1.47, 1.65, 1.66, 1.66, 1.89),
    "fr-en": (1.25, 1.41, 1.41, 1.42, 1.72),
    "cs-en": (1.49, 1.68, 1.68, 1.69, 1.84),
}


@pytest.fixture(scope="module")
def kept():
    return Kept()


def layer_ious(masks, rows):
    """Per layer, the IoUs of every two of the rows."""
    keep = np.stack([masks.row(row) for row in rows])
    pairs = np.triu_indices(len(rows), 1)
    return {key: iou_matrix(keep[:, span])[pairs] for key, span in masks.space.slices().items()}


def in_range(values, low, high):
    """Whether the values span what was measured, to two decimals."""
    return abs(values.min() - low) <= 0.0105 and abs(values.max() - high) <= 0.0105


def test_encoder_counts_out_of_the_pivot_are_identical(kept):
    scores = kept.scores(f"counts_{COUNTED}")
    encoder = slice(0, 3 * 1024)
    assert (scores.row("en-de")[encoder] == scores.row("en-fr")[encoder]).all()
    assert (scores.row("en-de")[encoder] == scores.row("en-cs")[encoder]).all()
    assert (scores.row("de-en")[encoder] != scores.row("fr-en")[encoder]).any()


def test_overlap_at_70(kept):
    masks = kept.masks("70")
    out_of, into = layer_ious(masks, OUT_OF), layer_ious(masks, INTO)
    for layer, (low, high) in enumerate([(0.42, 0.46), (0.27, 0.32), (0.21, 0.24)]):
        assert in_range(out_of[f"decoder.{layer}.ffn"], low, high)
        assert (out_of[f"encoder.{layer}.ffn"] == 1).all()
    for layer, (low, high) in enumerate([(0.55, 0.70), (0.58, 0.69), (0.71, 0.86)]):
        assert in_range(into[f"encoder.{layer}.ffn"], low, high)
    decoder = np.concatenate([into[f"decoder.{layer}.ffn"] for layer in range(3)])
    assert in_range(decoder, 0.91, 0.95)


def test_sparsity_at_95(kept):
    masks = kept.masks("95")
    sparsity = {key: 1 - masks.keep[:, span].mean(axis=1) for key, span in masks.space.slices().items()}
    encoder = np.concatenate([sparsity[f"encoder.{layer}.ffn"] for layer in range(3)])
    decoder = np.concatenate([sparsity[f"decoder.{layer}.ffn"] for layer in range(3)])
    assert in_range(encoder, 0.64, 0.68)
    assert in_range(decoder, 0.11, 0.30)


def test_counting_pads_moves_the_masks(kept):
    """In batches of 30,000 positions, as the paper's code counts; one batch of all gives .741-.927."""
    padded, plain = kept.masks("95", f"padded_{COUNTED}"), kept.masks("95")
    ious = []
    for span in plain.space.slices().values():
        for first, second in zip(padded.keep[:, span], plain.keep[:, span], strict=True):
            ious.append(iou_matrix(np.stack([first, second]))[0, 1])
    assert in_range(np.array(ious), 0.81, 0.95)


@pytest.mark.parametrize("kind", ["counts_1014", "padded_1014", "counts_60"])
def test_real_counts_say_something(kind, kept):
    """At any threshold: no group is saturated, tied or empty, though units that fire once in each sentence
    have one count (at k = 50 17 of the 82 units that fr-en keeps in a layer, and 5 that it leaves out)."""
    counts = kept.arrays[kind].astype(np.int64)
    positions = {direction: {"encoder": 17_000, "decoder": 17_000} for direction in DIRECTIONS}
    scores = ScoreTable(DIRECTIONS, counts, SPACE, {"positions": positions})
    for k in (*range(50, 58), 60, 65, 70, 80, 90, 95, 99):
        assert "accepted_uninformative" not in mass_masks(scores, str(k)).manifest


def test_likelihoods_under_masks(kept):
    results = kept.likelihoods(MEASURED)
    assert list(NLL) == DIRECTIONS and results.keys() == NLL.keys()
    for direction, (full, own, lowest, highest, random) in NLL.items():
        found = results[direction]
        others = [other["nll"] for other in found["others"].values()]
        assert found["sentences"] == MEASURED
        assert found["full"] == pytest.approx(full, abs=0.02)
        assert found["own"] == pytest.approx(own, abs=0.02)
        assert min(others) == pytest.approx(lowest, abs=0.02)
        assert max(others) == pytest.approx(highest, abs=0.02)
        # the one draw that was measured against the mean of five of ours
        assert found["random_mean"] == pytest.approx(random, abs=0.1)
    assert verdict(results)["passed"]


@pytest.fixture(scope="module")
def model(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Multi30k:
    return Multi30k(shared, tmp_path_factory.mktemp("multi30k"))


shared_model = pytest.mark.shared("models/multi30k", "data/multi30k")


@shared_model
def test_the_kept_figures_are_of_this_model_and_text(kept, model):
    found = {str(path.relative_to(model.shared)): sha256_of(path) for path in files(model.shared)}
    assert found == kept.facts["files"]
    assert model.system.weights_sha256 == kept.facts["weights_sha256"]
    assert (model.system.space_of(["ffn"]), kept.arrays.keys()) == (
        kept.masks("70").space,
        {f"{kind}_{number}" for kind in ("counts", "padded") for number in (COUNTED, FEW_COUNTED)},
    )


@shared_model
@pytest.mark.parametrize("kind", ["counts", "padded"])
def test_few_sentences_count_as_kept(kind, kept, model):
    """Rounding to float32 near zero may differ between machines: in ten units of a direction, by one each."""
    again = (model.counts if kind == "counts" else model.padded_counts)(FEW_COUNTED)
    apart = np.abs(again - kept.arrays[f"{kind}_{FEW_COUNTED}"].astype(np.int64))
    assert again.shape == (6, 6144) and again.sum() > 1_000_000
    assert apart.max() <= 1
    assert (apart > 0).sum(axis=1).max() <= 10


@pytest.mark.shared("models/multi30k", "data/multi30k", "reference/multi30k_counts_300.npz")
def test_counts_and_masks_are_those_of_another_program(model):
    """Stock fairseq's, one sentence at a time, by hooks of its own: 300 sentences of four directions."""
    directions = ["en-de", "en-fr", "de-en", "cs-en"]
    with np.load(model.shared / "reference/multi30k_counts_300.npz", allow_pickle=False) as reference:
        theirs = np.stack([reference[direction].reshape(-1) for direction in directions])
    ours = model.counts(300, directions)
    apart = np.abs(ours - theirs)
    assert theirs.shape == (4, 6144) and theirs.sum() == 8_465_501
    assert apart.max() <= 1
    assert (apart > 0).sum(axis=1).max() <= 10
    of_ours, of_theirs = (
        mass_masks(ScoreTable(directions, counts, SPACE, {"weights_sha256": "0" * 64}), "95")
        for counts in (ours, theirs)
    )
    assert 0.3 < of_ours.keep.mean() < 0.9
    assert (of_ours.keep == of_theirs.keep).all()
    for k in ("50", "70", "80", "90", "99"):  # none is refused
        mass_masks(ScoreTable(directions, theirs, SPACE, {"weights_sha256": "0" * 64}), k)


@shared_model
def test_few_sentences_are_as_likely_as_kept(kept, model):
    """Under the masks of all validation sentences; to a thousandth of a nat."""
    again, before = model.likelihoods(kept.masks("70"), FEW_MEASURED), kept.likelihoods(FEW_MEASURED)
    assert list(again) == DIRECTIONS and again.keys() == before.keys()
    for direction, found in again.items():
        expected = before[direction]
        assert found.keys() == expected.keys()
        for key in ("full", "own", "random", "random_mean", "random_sd"):
            assert found[key] == pytest.approx(expected[key], abs=1e-3), (direction, key)
        assert found["others"].keys() == expected["others"].keys()
        for name, other in found["others"].items():
            assert other["shares"] == expected["others"][name]["shares"]
            assert other["nll"] == pytest.approx(expected["others"][name]["nll"], abs=1e-3)
        for key in ("sentences", "skipped_sentences", "tokens"):
            assert found[key] == expected[key]
