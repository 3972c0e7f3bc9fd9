"""What the library does that the port is built on: where it changes, the port has to."""

from __future__ import annotations

import pytest
import torch
import transformers

from tests.unit.models.huggingface.tiny import BIASED, CASES, in_version_5, tiny
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


@pytest.mark.parametrize("case", BIASED)
def test_biases_of_a_new_model_are_zero_and_those_of_a_tiny_one_are_not(case):
    """With zeros a masked row and a removed unit would be the same."""
    model = tiny(case)
    fresh = type(model)(model.config)
    assert not any(one.any() for name, one in fresh.named_parameters() if name.endswith("fc1.bias"))
    assert all(one.any() for name, one in model.named_parameters() if name.endswith("fc1.bias"))
