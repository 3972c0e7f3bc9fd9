"""Values of units position by position, of a small network: which rows, which ids, which numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.analyse.small_model import VOCABULARY, small_network, write_data_bin
from workflow_scripts.analyse.unit_values import unit_values
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.vocabulary import EOS

SMALL = Architecture(1, 1, 8, 6, 2)


@pytest.fixture
def port() -> FairseqPort:
    return FairseqPort(small_network(SMALL), VOCABULARY)


def test_rows_are_the_real_positions_sentence_by_sentence(port, tmp_path):
    batches = port.batches(port.task(write_data_bin(tmp_path / "bin"), "test", "en-de"), 4096)
    (found,) = unit_values(port, batches, port.space().part(stacks=["encoder"]))
    # A batch has its longest sentence first; each has its tag and </s>, its left padding is left out.
    tag = VOCABULARY.language_id("en")
    assert found.lines.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert found.positions.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    assert found.tokens.tolist() == [tag, 4, 5, 6, EOS, tag, 7, 8, EOS]
    assert found.units.shape == (9, 6)


def test_values_are_those_of_the_pass_and_the_decoder_reads_what_went_before(port, tmp_path):
    batches = port.batches(port.task(write_data_bin(tmp_path / "bin"), "test", "en-de"), 4096)
    (found,) = unit_values(port, batches, port.space().part(stacks=["decoder"]))
    tag = VOCABULARY.language_id("de")
    assert found.tokens.tolist() == [EOS, tag, 9, 10, EOS, tag, 11, 12, 13, 14]
    (batch,) = batches
    seen = []
    hook = port.network.decoder.layers[0].fc2.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    with torch.inference_mode():
        port.loss(batch)
    hook.remove()
    assert torch.equal(found.units[:4], seen[0][:4, 0]) and torch.equal(found.units[4:], seen[0][:, 1])


def test_of_a_head_the_length_of_its_output(port, tmp_path):
    batches = port.batches(port.task(write_data_bin(tmp_path / "bin"), "test", "en-de"), 4096)
    space = port.space(["head"]).part(stacks=["encoder"])
    seen = []
    with port.taps(space, lambda group, values, real: seen.append(values)):
        (batch,) = batches
        with torch.inference_mode():
            port.loss(batch)
    (found,) = unit_values(port, batches, space)
    assert found.units.shape == (9, 2)
    # Values [T, B, heads, width]: the second sentence has four real positions, after one of padding.
    lengths = seen[0][1:, 1].square().sum(-1).sqrt()
    np.testing.assert_allclose(found.units[5:], lengths, rtol=1e-6)


def test_units_of_both_stacks_have_no_common_positions(port, tmp_path):
    batches = port.batches(port.task(write_data_bin(tmp_path / "bin"), "test", "en-de"), 4096)
    with pytest.raises(ValueError, match="one stack at a time, not of decoder and encoder"):
        next(unit_values(port, batches, port.space()))
