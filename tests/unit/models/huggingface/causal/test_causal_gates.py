"""Gates on causal language models, in each family: removed units, masked rows, heads, and slopes by them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.models.huggingface.causal.reading import changed, drawn, losses, whole_batch
from tests.unit.models.huggingface.causal.tiny_causal import CASES
from workflow_scripts.activations.score_importance import importances
from workflow_scripts.analyse.losses import sentence_losses
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable

#: Cases whose FFNs have biases, so that a masked row is not a removed unit.
BIASED = ("gpt2", "llama")


@pytest.mark.parametrize("case", CASES)
def test_removed_units_and_masked_rows_are_zeroed_weights(case, causal_ports, texts):
    """A removed unit: its column of the second layer is zero; a masked row: its rows of the first ones are.
    GPT-2's files have rows as columns."""
    port, batch = causal_ports[case], whole_batch(causal_ports[case], texts)
    plain, masks = losses(port, batch), drawn(port.space())
    found = {}
    for gate in ("row", "zero"):
        with port.intervene(masks, {"ffn": gate}).use("row"):
            found[gate] = losses(port, batch)
        other = changed(port, case)
        state = other.model.state_dict(keep_vars=True)
        for number, span in enumerate(port.space().slices().values()):
            gone = torch.from_numpy(~masks.row("row")[span])
            with torch.no_grad():
                if case == "gpt2" and gate == "zero":
                    state[f"transformer.h.{number}.mlp.c_proj.weight"][gone] = 0
                elif case == "gpt2":
                    state[f"transformer.h.{number}.mlp.c_fc.weight"][:, gone] = 0
                elif gate == "zero":
                    state[f"model.layers.{number}.mlp.down_proj.weight"][:, gone] = 0
                else:
                    for name in ("gate_proj", "up_proj"):
                        state[f"model.layers.{number}.mlp.{name}.weight"][gone] = 0
        assert torch.equal(losses(other, batch), found[gate]), gate
        assert (found[gate] - plain).abs().max() > 1e-3
    assert torch.equal(found["row"], found["zero"]) is (case not in BIASED)
    assert torch.equal(losses(port, batch), plain)


@pytest.mark.parametrize("case", CASES)
def test_removed_heads_are_zeroed_columns_of_their_projection(case, causal_ports, texts):
    port, batch = causal_ports[case], whole_batch(causal_ports[case], texts)
    space = port.space(["head"])
    masks = drawn(space)
    with port.intervene(masks).use("row"):
        found = losses(port, batch)
    other = changed(port, case)
    state = other.model.state_dict(keep_vars=True)
    width = 8 if case == "qwen3" else 4
    for number, span in enumerate(space.slices().values()):
        gone = torch.from_numpy(~masks.row("row")[span]).repeat_interleave(width)
        with torch.no_grad():
            if case == "gpt2":
                state[f"transformer.h.{number}.attn.c_proj.weight"][gone] = 0
            else:
                state[f"model.layers.{number}.self_attn.o_proj.weight"][:, gone] = 0
    assert torch.equal(losses(other, batch), found)
    assert (found - losses(port, batch)).abs().max() > 1e-3


@pytest.mark.parametrize("case", CASES)
def test_gates_of_ones_are_no_gates(case, causal_ports, texts):
    port, batch = causal_ports[case], whole_batch(causal_ports[case], texts, lines=2)
    plain = losses(port, batch)
    space = port.space(("ffn", "head"))
    keep = np.stack([np.ones(space.size, dtype=np.bool_), np.random.default_rng(1).random(space.size) < 0.5])
    for gate in ("row", "zero"):
        gates = port.intervene(MaskTable(["all", "half"], keep, space, {}), {"ffn": gate})
        with gates.use("all"):
            assert torch.equal(losses(port, batch), plain)
        with gates.use("half"):
            half = losses(port, batch)
        with gates.use_rows(["all", "half"]):
            mixed = losses(port, batch)
        torch.testing.assert_close(mixed, torch.stack([plain[0], half[1]]), rtol=1e-6, atol=1e-5)
        assert (half - plain).abs().max() > 1e-3


def test_heads_have_no_weights_to_gate(causal_ports):
    """Grouped queries share keys and values, and GPT-2 has one matrix for all three."""
    for case in ("gpt2", "llama"):
        port = causal_ports[case]
        with pytest.raises(
            UserError, match=r"gate 'gradient' cannot be laid on decoder\.0\.self: use 'zero'"
        ):
            port.intervene(drawn(port.space(["head"])), {"head": "gradient"})


@pytest.mark.parametrize("case", ["gpt2", "llama"])
def test_importance_is_the_slope_by_the_gates(case, causal_ports, texts):
    port = causal_ports[case]
    space = port.space(["head", "ffn"])
    batches = port.batches(port.task(texts, "valid", "de"), 4096, max_lines=4)
    found = importances(port, batches, space)
    assert found.source_tokens == 0
    for unit in (0, space.flat("decoder.0.self", 1), space.flat("decoder.1.ffn", 7)):
        keep = np.ones((1, space.size), dtype=np.bool_)
        keep[0, unit] = False
        kind = space.group(space.locate(unit)[0]).kind
        both = []
        for factor in ("scale:0.99", "scale:1.01"):
            with port.intervene(MaskTable(["row"], keep, space, {}), {kind: factor}).use("row"):
                both.append(sum(losses(port, batch).double().sum().item() for batch in batches))
        assert -found.sums[2][unit].item() == pytest.approx((both[1] - both[0]) / 0.02, rel=0.05, abs=0.02)


def test_losses_under_many_masks_are_those_of_each(causal_ports, texts):
    """The shared code of the analyses: nothing is encoded, and each row is what the port gives under it."""
    port = causal_ports["llama"]
    batches = port.batches(port.task(texts, "valid", "de"), 60)
    gates = port.intervene(drawn(port.space()), {"ffn": "zero"})
    (full, masked), tokens = sentence_losses(port, gates, batches, [None, "row"])
    expected = {}
    for batch in batches:
        with gates.use("row"):
            expected |= dict(zip(batch.lines.tolist(), losses(port, batch).double().tolist(), strict=True))
    assert masked.tolist() == [expected[line] for line in sorted(expected)]
    assert (masked != full).all() and tokens.sum() == sum(len(one) - 1 for one in batches._task.texts)
