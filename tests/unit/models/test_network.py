"""The network: stock fairseq's tensors without their copies, and the same numbers as stock fairseq."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from workflow_scripts.models.fairseq.layers import ENCODER_COPIES
from workflow_scripts.models.fairseq.network import (
    _Vocabulary,
    build_network,
    fairseq_config,
    without_copies,
)
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.space import model_space

# isort: split
from fairseq.models.transformer import TransformerModelBase

VOCABULARY = 12


def stock_network(architecture: Architecture) -> TransformerModelBase:
    vocabulary = _Vocabulary(VOCABULARY)
    task = SimpleNamespace(source_dictionary=vocabulary, target_dictionary=vocabulary)
    return TransformerModelBase.build_model(fairseq_config(architecture), task)


def example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    source = torch.tensor([[1, 5, 6, 2], [7, 8, 9, 2]])
    return source, torch.tensor([3, 4]), torch.tensor([[2, 10, 5], [2, 11, 1]])


@pytest.mark.parametrize("pre_norm", [True, False])
def test_parameters_are_those_of_stock_fairseq_without_copies(pre_norm):
    architecture = Architecture(2, 1, 8, 16, 2, pre_norm=pre_norm)
    ours, stock = build_network(architecture, VOCABULARY), stock_network(architecture)
    assert set(ours.state_dict()) == set(without_copies(stock.state_dict()))
    copies = set(stock.state_dict()) - set(ours.state_dict())
    assert copies == {f"encoder.layers.{i}.{name}" for i in (0, 1) for name in ENCODER_COPIES}


def test_parameter_count_by_hand():
    # V=12, d=8, F=16: two embeddings; attention 4 (64 + 8), FFN 8*16+16 + 16*8+8, layer norms 16 each.
    attention, ffn, norm = 4 * (8 * 8 + 8), 8 * 16 + 16 + 16 * 8 + 8, 16
    encoder = 2 * (attention + ffn + 2 * norm) + norm
    decoder = 1 * (2 * attention + ffn + 3 * norm) + norm
    network = build_network(Architecture(2, 1, 8, 16, 2), VOCABULARY)
    assert sum(p.numel() for p in network.parameters()) == 2 * 12 * 8 + encoder + decoder == 2328


@pytest.mark.parametrize("pre_norm", [True, False])
def test_same_output_as_stock_fairseq_from_a_stock_state_dict(pre_norm):
    architecture = Architecture(2, 2, 8, 16, 2, pre_norm=pre_norm)
    torch.manual_seed(1)
    stock = stock_network(architecture)
    torch.manual_seed(2)
    ours = build_network(architecture, VOCABULARY)
    ours.load_state_dict(stock.state_dict())
    with torch.no_grad():
        expected = stock.eval()(*example())[0]
        torch.testing.assert_close(ours.eval()(*example())[0], expected, rtol=0, atol=1e-6)


def test_the_fused_path_is_off_even_where_fairseq_would_take_it():
    network = build_network(Architecture(2, 1, 8, 16, 2, pre_norm=False), VOCABULARY).eval()
    fired = []
    for layer in network.encoder.layers:
        layer.load_to_BT = True  # fairseq's own condition: the weights came from a checkpoint
        layer.fc1.register_forward_hook(lambda module, inputs, output: fired.append(module))
    with torch.no_grad():
        network(*example())
    assert fired == [layer.fc1 for layer in network.encoder.layers]


def test_embeddings_are_tied_as_said():
    apart = build_network(Architecture(1, 1, 8, 16, 2), VOCABULARY)
    assert apart.decoder.output_projection.weight is apart.decoder.embed_tokens.weight
    assert apart.encoder.embed_tokens.weight is not apart.decoder.embed_tokens.weight
    one = build_network(Architecture(1, 1, 8, 16, 2, share_all_embeddings=True), VOCABULARY)
    assert one.encoder.embed_tokens.weight is one.decoder.embed_tokens.weight
    assert one.decoder.output_projection.weight is one.decoder.embed_tokens.weight
    none = build_network(Architecture(1, 1, 8, 16, 2, share_decoder_embeddings=False), VOCABULARY)
    assert none.decoder.output_projection.weight is not none.decoder.embed_tokens.weight


def test_building_depends_on_the_seed_alone():
    states = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        states.append(build_network(Architecture(1, 1, 8, 16, 2), VOCABULARY).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["encoder.embed_tokens.weight"], states[2]["encoder.embed_tokens.weight"])


def test_the_published_big_network_has_the_specified_body():
    # Spec 1.1: 176,361,472 parameters without embeddings; built without memory.
    big = Architecture(6, 6, 1024, 4096, 16)
    with torch.device("meta"):
        network = build_network(big, 4)
    embeddings = 2 * 4 * 1024
    assert sum(p.numel() for p in network.parameters()) - embeddings == 176_361_472


def test_units_are_numbered_encoder_first():
    space = model_space(Architecture(2, 1, 8, 16, 2).to_dict())
    assert space.keys == ("encoder.0.ffn", "encoder.1.ffn", "decoder.0.ffn")
    assert space.flat("decoder.0.ffn", 3) == 35
    assert space.size == 48
