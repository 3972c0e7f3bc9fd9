"""Where units are in each family: their groups and sizes, and that a tap sees what the module computes."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.unit.models.huggingface.tiny import CASES, tiny
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.families import FAMILIES, activation_of, family_of, places_of
from workflow_scripts.models.huggingface.sites import sites, with_own_layers
from workflow_scripts.models.linear import Linear
from workflow_scripts.models.sites import Site, taps
from workflow_scripts.units.activity import Activation

KIND = {"marian": "marian", "m2m": "m2m_100", "mbart": "mbart", "t5": "t5", "t5-gated": "t5", "mt5": "mt5"}
FUNCTIONS = {
    "marian": functional.silu,
    "m2m": functional.relu,
    "mbart": functional.gelu,
    "t5": functional.relu,
    "t5-gated": partial(functional.gelu, approximate="tanh"),
    "mt5": partial(functional.gelu, approximate="tanh"),
}
REAL = torch.ones(3, 2, dtype=torch.bool)


def found(case: str) -> tuple[nn.Module, dict[str, Site]]:
    model = tiny(case)
    places = places_of(FAMILIES[KIND[case]], model.config)
    with_own_layers(model, places)
    return model, sites(model, places)


def seen(model: nn.Module, there: list[Site]) -> dict[str, torch.Tensor]:
    """Run 2 sentences of 4 and 3 positions; return what taps see, by group."""
    values: dict[str, torch.Tensor] = {}
    with torch.no_grad(), taps(there, lambda group, v, _: values.update({group.key: v}), lambda _: REAL):
        source, target = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]]), torch.tensor([[2, 6, 7], [2, 10, 11]])
        model(input_ids=source, attention_mask=torch.ones_like(source), decoder_input_ids=target)
    return values


@pytest.mark.parametrize("case", CASES)
def test_sizes_are_those_of_each_stack(case):
    _, there = found(case)
    own = case.startswith(("t5", "mt5"))
    ffn, heads, width = ((48, 48), (3, 3), (8, 8)) if own else ((64, 48), (4, 2), (8, 16))
    assert [(key, site.group.size, site.width) for key, site in there.items()] == [
        ("encoder.0.ffn", ffn[0], 1),
        ("encoder.1.ffn", ffn[0], 1),
        ("decoder.0.ffn", ffn[1], 1),
        ("decoder.1.ffn", ffn[1], 1),
        ("encoder.0.self", heads[0], width[0]),
        ("encoder.1.self", heads[0], width[0]),
        ("decoder.0.self", heads[1], width[1]),
        ("decoder.0.cross", heads[1], width[1]),
        ("decoder.1.self", heads[1], width[1]),
        ("decoder.1.cross", heads[1], width[1]),
        *((f"{stack}.{layer}.resid", 32, 1) for stack in ("encoder", "decoder") for layer in (0, 1)),
    ]


@pytest.mark.parametrize(
    ("case", "activation"),
    [
        ("marian", Activation("silu")),
        ("m2m", Activation("relu")),
        ("mbart", Activation("gelu")),
        ("t5", Activation("relu")),
        ("t5-gated", Activation("gelu_new", gated=True)),
        ("mt5", Activation("gelu_new", gated=True)),
    ],
)
def test_what_neurons_compute(case, activation):
    assert activation_of(FAMILIES[KIND[case]], tiny(case).config) == activation


@pytest.mark.parametrize("case", CASES)
def test_taps_see_what_the_next_module_reads(case):
    """The library's own modules, called by hand on what hooks of this test saw, give what taps see."""
    model, there = found(case)
    inputs: dict[nn.Module, torch.Tensor] = {}
    outputs: dict[nn.Module, torch.Tensor] = {}

    def keep(module: nn.Module, given: tuple[torch.Tensor, ...], output: object) -> None:
        if given:
            inputs[module] = given[0]
        outputs[module] = output if isinstance(output, torch.Tensor) else output[0]

    handles = [module.register_forward_hook(keep) for module in model.modules()]
    values = seen(model, list(there.values()))
    gates = seen(model, [site.at_gate() for site in there.values() if site.group.kind == "ffn"])
    for handle in handles:
        handle.remove()
    for key, site in there.items():
        length = 4 if site.group.stack == "encoder" else 3
        assert values[key].shape == (length, 2, site.group.size, site.width)
        flat = values[key].flatten(-2).transpose(0, 1)
        if site.group.kind == "ffn":
            active = FUNCTIONS[case](site.rows(inputs[site.rows]))
            torch.testing.assert_close(gates[key].flatten(-2).transpose(0, 1), active)
            h = active if site.factor is None else active * site.factor(inputs[site.factor])
            torch.testing.assert_close(flat, h)
        elif site.group.kind == "head":
            torch.testing.assert_close(site.module(flat), outputs[site.module])
        else:
            assert torch.equal(flat, outputs[site.module])


@pytest.mark.parametrize("case", CASES)
def test_linear_layers_of_layers_are_ours_and_all_parameters_the_same(case):
    model, _ = found(case)
    plain = tiny(case)
    linears = [
        name for name, one in model.named_modules() if isinstance(one, nn.Linear) and name != "lm_head"
    ]
    assert linears and all(type(model.get_submodule(name)) is Linear for name in linears)
    for (name, one), (other, two) in zip(model.state_dict().items(), plain.state_dict().items(), strict=True):
        assert name == other and torch.equal(one, two)


def test_a_tap_that_never_fires_is_an_error():
    model, there = found("m2m")
    with (
        pytest.raises(RuntimeError, match=r"taps never fired in: decoder\.0\.ffn"),
        taps([there["encoder.0.ffn"], there["decoder.0.ffn"]], lambda *_: None, lambda _: REAL),
    ):
        model.get_encoder()(input_ids=torch.tensor([[5, 6, 2]]))


@pytest.mark.parametrize(
    ("config", "tokenizer", "said"),
    [
        ({"model_type": "nllb-moe"}, {}, r"x/config\.json: NLLB-MoE: its FFNs are experts"),
        ({"model_type": "umt5"}, {}, "UMT5: each layer has positions of its own, which is not supported"),
        ({"model_type": "gpt2"}, {}, r"model_type is 'gpt2', not one of marian, m2m_100, mbart, t5, mt5"),
        ({"model_type": "m2m_10"}, {}, r"\(did you mean 'm2m_100'\?\)"),
        ({}, {}, "model_type is 'None', not one of"),
        (
            {"model_type": "mbart"},
            {"tokenizer_class": "MBartTokenizer"},
            "mBART-25, whose tags end a sentence",
        ),
        ({"model_type": "mbart"}, {}, "no mBART-50"),
        (
            {"model_type": "t5", "auto_map": {"AutoModel": "m.M"}},
            {},
            r"config\.json: needs code that comes with",
        ),
        (
            {"model_type": "t5"},
            {"auto_map": {}},
            r"x/tokenizer_config\.json: needs code that comes",
        ),
    ],
)
def test_other_models_are_refused_by_name(config, tokenizer, said):
    with pytest.raises(UserError, match=said):
        family_of(config, tokenizer, "x")


def test_a_function_whose_sign_says_nothing_is_refused():
    config = tiny("m2m", activation_function="tanh").config
    with pytest.raises(UserError, match=r"config\.json: activation function 'tanh' is not known here: re"):
        activation_of(FAMILIES["m2m_100"], config)
