"""What the library does that the port is built on: where it changes, the port has to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import transformers
from torch import nn

from tests.unit.models.huggingface.tiny import BIASED, CASES, in_version_5, tiny
from workflow_scripts.models.huggingface import port
from workflow_scripts.models.huggingface.library import MAJOR
from workflow_scripts.workflow.software.environments import read_lock

SOURCE = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
TARGET = torch.tensor([[2, 6, 7], [2, 10, 11]])


def test_the_library_is_that_of_the_lock():
    assert transformers.__version__ == read_lock("hf" if MAJOR >= 5 else "comet")["transformers"]


@in_version_5(reason="4 gates heads by them")
@pytest.mark.parametrize("case", CASES)
def test_masks_of_heads_are_swallowed_without_effect(case):
    """So the port gates heads by their output projection; nobody may pass these."""
    model = tiny(case)
    given = {"input_ids": SOURCE, "attention_mask": torch.ones_like(SOURCE), "decoder_input_ids": TARGET}
    with torch.inference_mode():
        plain = model(**given).logits
        for name in ("head_mask", "decoder_head_mask", "cross_attn_head_mask"):
            heads = {name: torch.zeros(2, model.config.num_attention_heads)}
            assert torch.equal(model(**given, **heads).logits, plain)


@pytest.mark.parametrize("case", ["t5-gated", "mt5"])
@in_version_5(reason="4 leaves an untied head alone")
def test_a_head_of_its_own_is_lost_where_it_is_tied_again(case):
    """So nobody here may tie weights or resize embeddings: the library does it without a word."""
    model = tiny(case)
    model.lm_head.weight = nn.Parameter(torch.randn(40, 32))
    model.resize_token_embeddings(41)
    assert torch.equal(model.lm_head.weight, model.shared.weight)
    package = Path(port.__file__).parents[2]
    said = [
        path for path in package.rglob("*.py") if re.search(r"tie_weights\(|resize_tok", path.read_text())
    ]
    assert not said


@pytest.mark.parametrize("case", CASES)
def test_padding_is_not_seen_without_a_mask(case):
    """No family tells padding by its id: the encoder has to be given its mask."""
    model = tiny(case)
    padding = model.config.pad_token_id
    ids = torch.tensor([[5, 6, 7, padding, padding]])
    with torch.inference_mode():
        alone = model.get_encoder()(ids[:, :3]).last_hidden_state
        masked = model.get_encoder()(ids, attention_mask=ids.ne(padding).long()).last_hidden_state[:, :3]
        plain = model.get_encoder()(ids).last_hidden_state[:, :3]
    torch.testing.assert_close(masked, alone, rtol=1e-4, atol=1e-4)
    assert (plain - alone).abs().max() > 1e-2


@pytest.mark.parametrize("case", BIASED)
def test_biases_of_a_new_model_are_zero_and_those_of_a_tiny_one_are_not(case):
    """With zeros a masked row and a removed unit would be the same."""
    model = tiny(case)
    fresh = type(model)(model.config)
    assert not any(one.any() for name, one in fresh.named_parameters() if name.endswith("fc1.bias"))
    assert all(one.any() for name, one in model.named_parameters() if name.endswith("fc1.bias"))
