"""The figures of spec 3.9 on the shared Multi30k model: counts, masks and likelihoods end to end."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.analyse.overlap import iou_matrix

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from workflow_scripts.activations.count_activations import count_direction  # noqa: E402
from workflow_scripts.analyse.mask_control import mask_control, verdict  # noqa: E402
from workflow_scripts.directions import direction_languages  # noqa: E402
from workflow_scripts.models.artifact import load_network  # noqa: E402
from workflow_scripts.models.batches import direction_dataset, make_batches  # noqa: E402
from workflow_scripts.models.import_checkpoint import import_fairseq_checkpoint  # noqa: E402
from workflow_scripts.select.select_masks import mass_masks  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.vocabulary import EOS, Vocabulary  # noqa: E402

SHARED = Path(os.environ.get("NEURONSPEC_SHARED", Path(__file__).resolve().parents[4] / "shared"))
MODEL, TEXT = SHARED / "models/multi30k", SHARED / "data/multi30k"
OUT_OF, INTO = ["en-de", "en-fr", "en-cs"], ["de-en", "fr-en", "cs-en"]
DIRECTIONS = OUT_OF + INTO
NLL_SENTENCES = 300

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(
        not MODEL.is_dir() or not TEXT.is_dir(), reason=f"no Multi30k model or text in {SHARED}"
    ),
]

# spec 3.9: NLL per token: full, own, other languages' masks (lowest, highest), random
NLL = {
    "en-de": (1.81, 2.00, 2.38, 2.44, 2.27),
    "en-fr": (1.20, 1.39, 1.90, 1.99, 1.78),
    "en-cs": (2.03, 2.23, 2.66, 2.79, 2.68),
    "de-en": (1.47, 1.65, 1.66, 1.66, 1.89),
    "fr-en": (1.25, 1.41, 1.41, 1.42, 1.72),
    "cs-en": (1.49, 1.68, 1.68, 1.69, 1.84),
}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    return import_fairseq_checkpoint(
        MODEL / "checkpoint.pt", MODEL / "spm.model", MODEL / "dict.txt", tmp_path_factory.mktemp("system"),
        system="baseline", seed=1, directions=DIRECTIONS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def network(system):
    return load_network(system)


@pytest.fixture(scope="module")
def vocabulary(system):
    return Vocabulary.read(system.dictionary, system.languages)


@pytest.fixture(scope="module")
def data_bin(system, vocabulary, tmp_path_factory):
    import sentencepiece
    from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

    subwords = sentencepiece.SentencePieceProcessor(model_file=str(system.subwords))
    folder = tmp_path_factory.mktemp("bin")
    for subset, stem, lines in (("valid", "val", 1014), ("test", "test_2016_flickr", NLL_SENTENCES)):
        for pair in ("de-en", "en-fr", "cs-en"):
            for language in pair.split("-"):
                prefix = folder / f"{subset}.{pair}.{language}"
                builder = MMapIndexedDatasetBuilder(f"{prefix}.bin", dtype=np.uint16)
                with gzip.open(TEXT / f"{stem}.{language}.gz", "rt", encoding="utf-8") as handle:
                    for line in list(handle)[:lines]:
                        pieces = subwords.encode(line.strip(), out_type=str)
                        builder.add_item(torch.tensor([*vocabulary.encode(pieces), EOS]))
                builder.finalize(f"{prefix}.idx")
    return folder


def count(system, network, vocabulary, data_bin, **options):
    rows = []
    for direction in DIRECTIONS:
        dataset = direction_dataset(data_bin, "valid", direction, vocabulary)
        counts, tally = count_direction(network, dataset, **options)
        assert (tally.sentences, tally.skipped_sentences) == (1014, 0)
        rows.append(counts.flatten().numpy())
    return ScoreTable(DIRECTIONS, np.stack(rows), system.space, {"weights_sha256": system.weights_sha256})


@pytest.fixture(scope="module")
def scores(system, network, vocabulary, data_bin):
    return count(system, network, vocabulary, data_bin)


def layer_ious(masks, rows):
    """Per layer, the IoUs of every two of the rows."""
    keep = np.stack([masks.row(row) for row in rows])
    pairs = np.triu_indices(len(rows), 1)
    return {key: iou_matrix(keep[:, span])[pairs] for key, span in masks.space.slices().items()}


def in_range(values, low, high):
    """Whether the values span what the spec says to two decimals."""
    return abs(values.min() - low) <= 0.0105 and abs(values.max() - high) <= 0.0105


def test_encoder_counts_out_of_the_pivot_are_identical(scores):
    encoder = slice(0, 3 * 1024)
    assert (scores.row("en-de")[encoder] == scores.row("en-fr")[encoder]).all()
    assert (scores.row("en-de")[encoder] == scores.row("en-cs")[encoder]).all()
    assert (scores.row("de-en")[encoder] != scores.row("fr-en")[encoder]).any()


def test_overlap_at_70(scores):
    masks = mass_masks(scores, "70")
    out_of, into = layer_ious(masks, OUT_OF), layer_ious(masks, INTO)
    print(
        {
            key: values.round(3).tolist()
            for key, values in (out_of | {f"into {k}": v for k, v in into.items()}).items()
        }
    )
    for layer, (low, high) in enumerate([(0.42, 0.46), (0.27, 0.32), (0.21, 0.24)]):
        assert in_range(out_of[f"decoder.{layer}.ffn"], low, high)
        assert (out_of[f"encoder.{layer}.ffn"] == 1).all()
    for layer, (low, high) in enumerate([(0.55, 0.70), (0.58, 0.69), (0.71, 0.86)]):
        assert in_range(into[f"encoder.{layer}.ffn"], low, high)
    decoder = np.concatenate([into[f"decoder.{layer}.ffn"] for layer in range(3)])
    assert in_range(decoder, 0.91, 0.95)


def test_sparsity_at_95(scores):
    masks = mass_masks(scores, "95")
    sparsity = {key: 1 - masks.keep[:, span].mean(axis=1) for key, span in masks.space.slices().items()}
    print({key: values.round(3).tolist() for key, values in sparsity.items()})
    encoder = np.concatenate([sparsity[f"encoder.{layer}.ffn"] for layer in range(3)])
    decoder = np.concatenate([sparsity[f"decoder.{layer}.ffn"] for layer in range(3)])
    assert in_range(encoder, 0.64, 0.68)
    assert in_range(decoder, 0.11, 0.30)


@pytest.mark.xfail(strict=True, reason="measured .741-.927 per layer and direction; spec 3.9 has .81-.95")
def test_counting_pads_moves_the_masks(system, network, vocabulary, data_bin, scores):
    # spec 3.9: one batch of all sentences
    padded = mass_masks(count(system, network, vocabulary, data_bin, count_pads=True, max_tokens=10**6), "95")
    plain = mass_masks(scores, "95")
    ious = []
    for span in plain.space.slices().values():
        for first, second in zip(padded.keep[:, span], plain.keep[:, span], strict=True):
            ious.append(iou_matrix(np.stack([first, second]))[0, 1])
    print(round(min(ious), 3), round(max(ious), 3))
    assert in_range(np.array(ious), 0.81, 0.95)


def test_likelihoods_under_masks(network, vocabulary, data_bin, scores):
    masks = mass_masks(scores, "70")
    batches_of = {
        name: make_batches(direction_dataset(data_bin, "test", name, vocabulary), 4096) for name in DIRECTIONS
    }
    languages_of = {name: direction_languages(name, vocabulary.languages) for name in DIRECTIONS}
    results = mask_control(network, masks, batches_of, languages_of, seed=1)
    for direction, (full, own, lowest, highest, random) in NLL.items():
        found = results[direction]
        others = [other["nll"] for other in found["others"].values()]
        print(direction, found["full"], found["own"], others, found["random"])
        assert found["sentences"] == NLL_SENTENCES
        assert found["full"] == pytest.approx(full, abs=0.02)
        assert found["own"] == pytest.approx(own, abs=0.02)
        assert min(others) == pytest.approx(lowest, abs=0.02)
        assert max(others) == pytest.approx(highest, abs=0.02)
        # one draw of the spec's against the mean of five of ours
        assert found["random_mean"] == pytest.approx(random, abs=0.1)
    assert verdict(results)["passed"]
