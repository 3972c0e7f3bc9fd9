"""Activation counts, against counts worked out by hand on networks whose FFNs see crafted weights."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.models.loaded import load_network
from workflow_scripts.activations.count_activations import count_direction, main
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import data_sha256
from workflow_scripts.models.batching import cut
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.batches import direction_dataset, make_batches
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

# isort: split
from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

LANGUAGES = ["en", "de", "fr"]
PIECES = [f"p{number}" for number in range(20)]
VOCABULARY = Vocabulary(PIECES, LANGUAGES)
FFN = 4
# Language-side lengths without tag and </s>. Sources run as length + 2; decoder inputs as length + 2.
ENGLISH = [[4, 5, 6], [7], [8, 9, 10, 11, 12]]
GERMAN = [[13, 14], [15, 16, 17, 18], [4]]
FRENCH = [[5] * 9, [6], [7, 8]]


def write_bin(folder, prefix, sentences):
    builder = MMapIndexedDatasetBuilder(str(folder / f"{prefix}.bin"), dtype=np.uint16)
    for sentence in sentences:
        builder.add_item(torch.tensor([*sentence, 2]))
    builder.finalize(str(folder / f"{prefix}.idx"))


@pytest.fixture
def data_bin(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for pair, sides in {
        "de-en": {"de": GERMAN, "en": ENGLISH},
        "en-fr": {"en": ENGLISH, "fr": FRENCH},
    }.items():
        for language, sentences in sides.items():
            write_bin(folder, f"valid.{pair}.{language}", sentences)
    return folder


def architecture(pre_norm=True, layers=1):
    return Architecture(layers, layers, 8, FFN, 2, pre_norm=pre_norm)


def crafted(pre_norm=True):
    """One layer a side; fc1 ignores its input but for unit 3, so that each unit's count is known.

    Unit 0 always fires, unit 1 never, unit 2 sits at exactly zero (not above it), unit 3 fires where the
    first component of fc1's input is positive.
    """
    torch.manual_seed(0)
    network = build_network(architecture(pre_norm), len(VOCABULARY)).eval()
    with torch.no_grad():
        for layer in (network.encoder.layers[0], network.decoder.layers[0]):
            layer.fc1.weight.zero_()
            layer.fc1.weight[3, 0] = 1.0
            layer.fc1.bias.copy_(torch.tensor([0.5, -0.5, 0.0, 0.0]))
    return network


def random_network(layers=2, seed=1):
    """Random weights in float64, where rounding does not decide a sign."""
    torch.manual_seed(seed)
    network = build_network(architecture(layers=layers), len(VOCABULARY)).double().eval()
    with torch.no_grad():
        for layer in (*network.encoder.layers, *network.decoder.layers):
            layer.fc1.bias.normal_()
    return network


def count(network, dataset, **options):
    """The counts [layer, neuron] of a network, and what was run."""
    counts, tally = count_direction(FairseqPort(network, VOCABULARY), dataset, **options)
    return counts.reshape(-1, FFN), tally


@torch.no_grad()
def slow_counts(network, dataset):
    """Counts by one sentence at a time: no padding at all."""
    layers = [*network.encoder.layers, *network.decoder.layers]
    counts = torch.zeros(len(layers), FFN, dtype=torch.int64)
    seen = {}
    hooks = [
        layer.fc2.register_forward_pre_hook(lambda _, inputs, group=group: seen.__setitem__(group, inputs[0]))
        for group, layer in enumerate(layers)
    ]
    for batch in make_batches(dataset, max_tokens=50, required_batch_size_multiple=1, order="file"):
        for row in range(len(batch)):
            length, width = int(batch.source_lengths[row]), int(batch.target[row].ne(1).sum())
            network(
                batch.source[row : row + 1, -length:],
                batch.source_lengths[row : row + 1],
                batch.decoder_input[row : row + 1, :width],
            )
            for group in seen:
                counts[group] += (seen[group] > 0).sum(dim=(0, 1))
    for hook in hooks:
        hook.remove()
    return counts


@pytest.mark.parametrize("pre_norm", [True, False])
def test_counts_of_crafted_units(data_bin, pre_norm):
    dataset = direction_dataset(data_bin, "valid", "en-de", VOCABULARY)
    counts, tally = count(crafted(pre_norm), dataset)
    # sources: __en__ + 3, 1, 5 words + </s> = 5 + 3 + 7
    # decoder inputs: </s> __de__ + 2, 4, 1 words = 4 + 6 + 3
    assert (tally.source_positions, tally.target_positions) == (15, 13)
    assert counts.dtype == torch.int64
    assert counts[:, 0].tolist() == [15, 13]
    assert counts[:, 1:3].tolist() == [[0, 0], [0, 0]]
    # the one unit that looks at its input: against a pass sentence by sentence
    expected = slow_counts(crafted(pre_norm), dataset)[:, 3].tolist()
    assert counts[:, 3].tolist() == expected
    assert 0 < expected[0] < 15 or 0 < expected[1] < 13


def test_counts_with_pads_count_every_position_of_the_published_batch(data_bin):
    dataset = direction_dataset(data_bin, "valid", "en-de", VOCABULARY)
    counts, tally = count(crafted(), dataset, count_pads=True)
    # one batch of three: 3 x 7 source and 3 x 6 decoder positions
    assert counts[:, 0].tolist() == [21, 18]
    assert (tally.source_pads, tally.target_pads, tally.max_tokens) == (6, 5, 30000)


def test_the_hash_of_the_data_is_of_both_sides(tmp_path):
    """Of the hashes of four files: .bin and .idx of the source, then of the target."""
    names = [f"valid.de-en.{lang}.{end}" for lang in ("en", "de") for end in ("bin", "idx")]
    for name in names:
        (tmp_path / name).write_text(name)
    digests = [hashlib.sha256(name.encode()).digest() for name in names]
    assert data_sha256([tmp_path / name for name in names]) == hashlib.sha256(b"".join(digests)).hexdigest()


def test_pads_are_counted_by_batching(data_bin):
    dataset = direction_dataset(data_bin, "valid", "en-de", VOCABULARY)
    # at most 7 positions: every sentence alone, no padding at all
    counts, tally = count(crafted(), dataset, count_pads=True, max_tokens=7)
    assert counts[:, 0].tolist() == [15, 13]
    assert (tally.source_pads, tally.target_pads) == (0, 0)


@pytest.mark.parametrize("max_tokens", [7, 12, 24, 4096])
def test_without_pads_the_batching_does_not_matter(data_bin, max_tokens):
    network = random_network()
    for direction in ("en-de", "de-en", "en-fr"):
        dataset = direction_dataset(data_bin, "valid", direction, VOCABULARY)
        counts, tally = count(network, dataset, max_tokens=max_tokens)
        assert counts.tolist() == slow_counts(network, dataset).tolist()
        assert (tally.sentences, tally.skipped_sentences) == (3, 0)


def test_encoder_counts_are_the_directions_source_only(data_bin):
    network = random_network().float()
    english = [
        count(network, direction_dataset(data_bin, "valid", name, VOCABULARY), max_tokens=12)[0]
        for name in ("en-de", "en-fr")
    ]
    assert torch.equal(english[0][:2], english[1][:2])
    assert not torch.equal(english[0][2:], english[1][2:])
    german = count(network, direction_dataset(data_bin, "valid", "de-en", VOCABULARY))[0]
    assert not torch.equal(english[0][:2], german[:2])


def test_long_sentences_are_skipped_and_counted(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    write_bin(folder, "valid.de-en.de", [[4], [5] * 255, [6]])
    write_bin(folder, "valid.de-en.en", [[4], [5], [6] * 254])
    dataset = direction_dataset(folder, "valid", "de-en", VOCABULARY)
    counts, tally = count(crafted(), dataset)
    # 257 source positions are too many, 256 decoder positions are not
    assert (tally.sentences, tally.skipped_sentences) == (2, 1)
    assert counts[:, 0].tolist() == [3 + 3, 3 + 256]
    # The other way round it is the target that is too long.
    other, tally = count(crafted(), direction_dataset(folder, "valid", "en-de", VOCABULARY))
    assert (tally.sentences, tally.skipped_sentences) == (2, 1)
    assert other[:, 0].tolist() == [3 + 256, 3 + 3]
    longer = build_network(replace(architecture(), max_positions=300), len(VOCABULARY)).eval()
    assert count(longer, dataset)[1].skipped_sentences == 0


def test_a_hook_that_does_not_fire_is_an_error(data_bin):
    network = crafted()
    layer = network.encoder.layers[0]
    layer.forward = lambda states, **_: states  # as torch's fused path: fc1 and fc2 are never called
    with pytest.raises(RuntimeError, match=r"never fired in: encoder\.0\.ffn"):
        count(network, direction_dataset(data_bin, "valid", "en-de", VOCABULARY))


def test_training_mode_is_an_error(data_bin):
    with pytest.raises(RuntimeError, match="training mode"):
        count(crafted().train(), direction_dataset(data_bin, "valid", "en-de", VOCABULARY))


def test_cut():
    lengths = np.array([2, 2, 3, 5, 9])
    assert [(run.start, run.stop) for run in cut(lengths, 6)] == [(0, 2), (2, 3), (3, 4), (4, 5)]
    assert [(run.start, run.stop) for run in cut(lengths, 100)] == [(0, 5)]
    assert list(cut(np.array([], dtype=np.int64), 6)) == []


@pytest.fixture
def system(tmp_path):
    folder = tmp_path / "system"
    folder.mkdir()
    save_system_weights(crafted(), folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in PIECES))
    (folder / "spm.model").write_bytes(b"not read here")
    return SystemFolder.write(
        folder, system="baseline", seed=1, languages=LANGUAGES, text={},
        mask_rows={"en-de": None, "de-en": None}, architecture=architecture().to_dict(),
    )  # fmt: skip


def test_command_line(data_bin, system, tmp_path):
    arguments = ["--system", str(system.folder), "--data-bin", str(data_bin), "--subset", "valid"]
    arguments += ["--out-root", str(tmp_path), "--directions"]
    main([*arguments, "de-en"])
    table = ScoreTable.read(tmp_path / "de-en.npz")
    assert (table.rows, table.space, table.values.dtype) == (("de-en",), system.space_of(["ffn"]), np.int64)
    assert table.values[0, [0, 1, 2, 4, 5, 6]].tolist() == [13, 0, 0, 15, 0, 0]
    metadata = table.metadata
    assert metadata["weights_sha256"] == system.weights_sha256
    assert (metadata["counting"], metadata["subset"]) == ("pads excluded", "valid")
    assert (metadata["sentences"], metadata["source_positions"], metadata["target_positions"]) == (3, 13, 15)
    main([*arguments, "en-de", "--count-pads"])
    other = ScoreTable.read(tmp_path / "en-de.npz").metadata
    assert other["counting"] == "pads counted, max_tokens 30000"
    assert len(metadata["data_sha256"]) == 64 and metadata["data_sha256"] != other["data_sha256"]
    with pytest.raises(UserError, match="no direction 'en-es'"):
        main([*arguments, "de-en", "en-es"])


def test_data_of_another_vocabulary_is_refused(data_bin, system):
    assert load_network(system).encoder.embed_tokens.num_embeddings == 27
    write_bin(data_bin, "valid.de-en.de", [[4, 99], [5], [6]])
    with pytest.raises(UserError, match=r"valid\.de-en\.de\.bin: id 99 is not of the system's dictionary"):
        direction_dataset(data_bin, "valid", "de-en", VOCABULARY)
