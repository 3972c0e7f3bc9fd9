"""Batches by hand from binarised lines; taps and likelihoods against direct computations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.batches import direction_dataset, make_batches
from workflow_scripts.models.fairseq.forward import NetworkSteps, features, teacher_forced_nll
from workflow_scripts.models.fairseq.gates import Gates
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.sites import taps
from workflow_scripts.models.passes import run_split, summed_nll
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space
from workflow_scripts.units.vocabulary import EOS, PAD, Vocabulary

# isort: split
from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

# Numbers: specials 0-3, pieces 4-9, __de__ 10, __en__ 11.
VOCABULARY = Vocabulary("abcdef", ["de", "en"])
SHAPE = Architecture(1, 2, 8, 16, 2)
FFN = model_space(SHAPE.to_dict())


def write_side(folder: Path, lang: str, lines: list[list[int]], pair: str = "de-en") -> None:
    prefix = str(folder / f"valid.{pair}.{lang}")
    builder = MMapIndexedDatasetBuilder(prefix + ".bin", dtype=np.uint16)
    for line in lines:
        builder.add_item(torch.tensor([*line, EOS]))
    builder.finalize(prefix + ".idx")


@pytest.fixture
def data_bin(tmp_path):
    write_side(tmp_path, "de", [[4, 5, 6], [7], [4, 5, 6], [8]])
    write_side(tmp_path, "en", [[9], [9, 8, 7], [6, 6], [5]])
    return tmp_path


@pytest.fixture
def network():
    torch.manual_seed(6)
    return build_network(SHAPE, len(VOCABULARY)).eval()


def test_sequences_by_hand(data_bin):
    dataset = direction_dataset(data_bin, "valid", "de-en", VOCABULARY)
    (batch,) = make_batches(dataset, 1000, order="file")
    # fairseq puts longer sources first within a batch.
    assert batch.lines.tolist() == [0, 2, 1, 3]
    assert batch.source.tolist() == [[10, 4, 5, 6, 2], [10, 4, 5, 6, 2], [1, 1, 10, 7, 2], [1, 1, 10, 8, 2]]
    assert batch.source_lengths.tolist() == [5, 5, 3, 3]
    assert batch.target.tolist() == [
        [11, 9, 2, 1, 1],
        [11, 6, 6, 2, 1],
        [11, 9, 8, 7, 2],
        [11, 5, 2, 1, 1],
    ]
    assert batch.decoder_input.tolist() == [
        [2, 11, 9, 1, 1],
        [2, 11, 6, 6, 1],
        [2, 11, 9, 8, 7],
        [2, 11, 5, 1, 1],
    ]
    assert batch.source.dtype == batch.target.dtype == torch.int64
    assert batch.target_lengths.tolist() == [3, 4, 5, 3]
    # The longer of these two has 4 positions.
    assert batch.inputs_of(torch.tensor([3, 1])).tolist() == [[2, 11, 5, 1], [2, 11, 6, 6]]
    assert batch.inputs_of(None) is batch.decoder_input


def test_the_other_direction_shares_the_files(data_bin):
    dataset = direction_dataset(data_bin, "valid", "en-de", VOCABULARY)
    # Of the source, then of the target.
    ends = ["en.bin", "en.idx", "de.bin", "de.idx"]
    assert dataset.files == [data_bin / f"valid.de-en.{end}" for end in ends]
    (batch,) = make_batches(dataset, 1000, order="file")
    first = batch.lines.tolist().index(0)
    assert batch.source[first].tolist() == [1, 1, 11, 9, 2]
    assert batch.target[first].tolist() == [10, 4, 5, 6, 2]


def test_published_order_and_limits(data_bin):
    dataset = direction_dataset(data_bin, "valid", "de-en", VOCABULARY)
    # (source, target) lengths with tag and </s>: (5,3) (3,5) (5,4) (3,3).
    assert [b.tolist() for b in make_batches(dataset, 5, required_batch_size_multiple=1).lines] == [
        [3],
        [1],
        [0],
        [2],
    ]
    assert [b.tolist() for b in make_batches(dataset, 10, required_batch_size_multiple=1).lines] == [
        [3, 1],
        [0, 2],
    ]
    # Line 1 has 5 target positions, 0 and 2 have 5 source positions.
    short = make_batches(dataset, 1000, max_positions=4)
    assert ([b.tolist() for b in short.lines], short.skipped) == ([[3]], 3)
    first = make_batches(dataset, 1000, max_lines=2)
    assert [b.tolist() for b in first.lines] == [[1, 0]]
    with pytest.raises(UserError, match="no line has at most 2 positions"):
        make_batches(dataset, 1000, max_positions=2)


def test_batch_sizes_are_multiples_of_eight(tmp_path):
    write_side(tmp_path, "de", [[4]] * 21)
    write_side(tmp_path, "en", [[5, 6]] * 21)
    dataset = direction_dataset(tmp_path, "valid", "de-en", VOCABULARY)
    # 4 positions a sentence; 44 positions hold 11 sentences, cut to 8; the rest of 5 is one batch.
    assert [len(lines) for lines in make_batches(dataset, 44).lines] == [8, 8, 5]


def test_wrong_data_is_an_error(data_bin, network):
    with pytest.raises(UserError, match="direction 'fr-en': 'fr' is not one of de, en"):
        direction_dataset(data_bin, "valid", "fr-en", VOCABULARY)
    with pytest.raises(UserError, match=r"test\.de-en\.de\.bin is missing"):
        direction_dataset(data_bin, "test", "de-en", VOCABULARY)
    write_side(data_bin, "en", [[9], [9, 40, 7], [6, 6], [5]])
    with pytest.raises(UserError, match=r"valid\.de-en\.en\.bin: id 40 is not of the system's dictionary"):
        direction_dataset(data_bin, "valid", "de-en", VOCABULARY)
    larger = Vocabulary([f"w{n}" for n in range(60)], VOCABULARY.languages)
    batches = make_batches(direction_dataset(data_bin, "valid", "de-en", larger), 1000)
    with pytest.raises(UserError, match=r"token \d+ is outside the vocabulary of 12"):
        teacher_forced_nll(network, next(iter(batches)))


def test_likelihood_is_that_of_the_full_distribution(data_bin, network):
    (batch,) = make_batches(direction_dataset(data_bin, "valid", "de-en", VOCABULARY), 1000)
    with torch.no_grad():
        logits = network(batch.source, batch.source_lengths, batch.decoder_input)[0]
        log_p = logits.log_softmax(-1)
    for tag in (False, True):
        nll, tokens = teacher_forced_nll(network, batch, count_language_tag=tag)
        for sentence in range(4):
            real = [t for t in range(5) if batch.target[sentence, t] != 1][0 if tag else 1 :]
            expected = -sum(log_p[sentence, t, batch.target[sentence, t]].item() for t in real)
            assert tokens[sentence] == len(real)
            assert nll[sentence].item() == pytest.approx(expected, abs=1e-5)


def test_uniform_network_has_log_v_per_token(data_bin, network):
    torch.nn.init.zeros_(network.decoder.output_projection.weight)
    (batch,) = make_batches(direction_dataset(data_bin, "valid", "de-en", VOCABULARY), 1000, order="file")
    nll, tokens = teacher_forced_nll(network, batch)
    assert tokens.tolist() == [2, 3, 4, 2]
    assert nll.tolist() == pytest.approx([2 * np.log(12), 3 * np.log(12), 4 * np.log(12), 2 * np.log(12)])


def test_half_precision_is_summed_in_single_precision(data_bin, network):
    """4096 words alike: log 4096 is 8.31777 a token; half precision has but 8.3125 and 8.3203."""
    network.decoder.output_layer = lambda rows: torch.zeros(len(rows), 4096, dtype=torch.float16)
    (batch,) = make_batches(direction_dataset(data_bin, "valid", "de-en", VOCABULARY), 1000, order="file")
    nll, tokens = teacher_forced_nll(network, batch)
    assert nll.dtype == torch.float32
    assert tokens.tolist() == [2, 3, 4, 2]
    assert nll.tolist() == pytest.approx([n * np.log(4096) for n in (2, 3, 4, 2)], abs=1e-4)


def test_projection_in_pieces_changes_nothing(data_bin, network):
    (batch,) = make_batches(direction_dataset(data_bin, "valid", "de-en", VOCABULARY), 1000)
    whole, _ = teacher_forced_nll(network, batch, count_language_tag=True)
    given = features(network, batch), batch.target, batch.target.ne(PAD)
    rows = []

    def project(states):
        rows.append(len(states))
        return network.decoder.output_layer(states)

    pieces, tokens = summed_nll(*given, project, 3)
    # 3, 4, 5 and 3 tokens with their tags.
    assert (rows, int(tokens.sum())) == ([3, 3, 3, 3, 3], 15)
    torch.testing.assert_close(pieces, whole)


def test_padding_does_not_change_a_likelihood(data_bin, network):
    dataset = direction_dataset(data_bin, "valid", "de-en", VOCABULARY)
    results = []
    for max_tokens in (1000, 5):
        found = {}
        for batch in make_batches(dataset, max_tokens):
            nll, _ = teacher_forced_nll(network, batch)
            found |= dict(zip(batch.lines.tolist(), nll.tolist(), strict=True))
        results.append(found)
    assert results[0].keys() == results[1].keys() == {0, 1, 2, 3}
    assert results[0] == pytest.approx(results[1], abs=1e-5)


def test_counts_by_hand_with_and_without_padding(data_bin, network):
    """With huge biases every unit is active everywhere: counts are numbers of positions."""
    for layer in (*network.encoder.layers, *network.decoder.layers):
        torch.nn.init.constant_(layer.fc1.bias, 100.0)
    counts: dict[str, list[int]] = {key: [0, 0] for key in FFN.keys}

    def tap(group, values, real):
        active = values[..., 0, 0] > 0
        counts[group.key][0] += int(active.sum())
        counts[group.key][1] += int((active & real).sum())

    batches = make_batches(direction_dataset(data_bin, "valid", "de-en", VOCABULARY), 1000)
    begun = []
    with taps(network, FFN, tap):
        list(run_split(NetworkSteps(network), zip(batches), begun.append))
    # One batch of 4 x 5 on both sides; source lengths 5+3+5+3, target lengths 3+5+4+3.
    assert counts == {"encoder.0.ffn": [20, 16], "decoder.0.ffn": [20, 15], "decoder.1.ffn": [20, 15]}
    assert begun == [None, 0]


def test_masked_units_are_constant_under_the_tap(data_bin, network):
    keep = np.ones((1, 48), dtype=bool)
    keep[0, 16 + 2] = False  # decoder.0.ffn, unit 2
    torch.nn.init.constant_(network.decoder.layers[0].fc1.bias, 0.75)
    values = {}
    (batch,) = make_batches(direction_dataset(data_bin, "valid", "de-en", VOCABULARY), 1000)
    gates = Gates(network, MaskTable(["de-en"], keep, FFN, {}))
    with gates.use("de-en"), taps(network, FFN, lambda group, v, _: values.update({group.key: v})):
        teacher_forced_nll(network, batch)
    assert set(values["decoder.0.ffn"][..., 2, 0].flatten().tolist()) == {0.75}
    assert len(set(values["decoder.0.ffn"][..., 3, 0].flatten().tolist())) > 5


def test_a_network_in_training_mode_is_refused(data_bin, network):
    (batch,) = make_batches(direction_dataset(data_bin, "valid", "de-en", VOCABULARY), 1000)
    network.train()
    with pytest.raises(RuntimeError, match="training mode"):
        teacher_forced_nll(network, batch)
    with pytest.raises(RuntimeError, match="training mode"):
        next(run_split(NetworkSteps(network), [[batch]], lambda _: None))
