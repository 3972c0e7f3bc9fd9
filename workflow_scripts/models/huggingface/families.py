"""The families of encoder–decoders that the port knows, and where each has its units: one table.

Paths lead from a layer to its modules. Sizes may differ between the stacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.units.activity import FUNCTIONS, Activation
from workflow_scripts.units.space import STACKS, Stack


@dataclass(frozen=True)
class Places:
    """Where a stack has its layers, and a layer its modules.

    ``stacks``: those that there are. ``layers``: from the model. ``attentions``: from a layer,
    ``projections`` and ``heads`` (how many) from an attention; ``out`` is its output projection. ``ffn``:
    from a layer of each stack to the module with the FFN. From there ``first`` is its first layer, or the
    gate's and then the factor's; ``last`` is its second layer, ``activation`` the first layer's or the gate's
    function, and ``dropped`` how often the values between them are left out in training.
    """

    layers: str
    attentions: Mapping[str, str]
    projections: Mapping[str, str]
    out: str
    heads: str
    ffn: Mapping[Stack, str]
    first: tuple[str, ...]
    last: str
    activation: str = ""
    dropped: str = ""
    stacks: tuple[Stack, ...] = STACKS


BART = Places(
    layers="model.{stack}.layers",
    attentions={"self": "self_attn", "cross": "encoder_attn"},
    projections={"q": "q_proj", "k": "k_proj", "v": "v_proj"},
    out="out_proj",
    heads="num_heads",
    ffn={"encoder": "", "decoder": ""},
    first=("fc1",),
    last="fc2",
    activation="activation_fn",
    dropped="activation_dropout",
)
_T5: Mapping[str, Any] = {
    "layers": "{stack}.block",
    "attentions": {"self": "layer.0.SelfAttention", "cross": "layer.1.EncDecAttention"},
    "projections": {"q": "q", "k": "k", "v": "v"},
    "out": "o",
    "heads": "n_heads",
    "ffn": {"encoder": "layer.1.DenseReluDense", "decoder": "layer.2.DenseReluDense"},
    "last": "wo",
}
T5 = Places(**_T5, first=("wi",))
T5_GATED = Places(**_T5, first=("wi_0", "wi_1"), activation="act")


@dataclass(frozen=True)
class Family:
    """A family: the library's class, where its units are, and how its sequences begin.

    ``source_tag``: whose language's tag begins a source, if there are tags. ``target_tag``: whether the
    target's tag begins a target. ``own_target``: whether targets have subwords of their own.
    ``function`` and ``layerdrop``: keys of the configuration for the activation function, and for how often
    layers are left out in training; ``one_dropout``: for dropout, where all places have the same.
    """

    name: str
    model: str
    places: Places
    source_tag: str = "source"
    target_tag: bool = True
    own_target: bool = False
    function: str = "activation_function"
    layerdrop: tuple[str, ...] = ("encoder_layerdrop", "decoder_layerdrop")
    one_dropout: str | None = None


_TEXT_TO_TEXT: Mapping[str, Any] = {
    "source_tag": "target",
    "target_tag": False,
    "function": "dense_act_fn",
    "layerdrop": (),
    "one_dropout": "dropout_rate",
}
#: model_type → the family. T5's gated forms are v1.1, Flan-T5 and MADLAD; mT5 is always one.
FAMILIES: Mapping[str, Family] = {
    "marian": Family("marian", "MarianMTModel", BART, "target", False, own_target=True),
    "m2m_100": Family("m2m_100", "M2M100ForConditionalGeneration", BART),
    "mbart": Family("mbart", "MBartForConditionalGeneration", BART),
    "t5": Family("t5", "T5ForConditionalGeneration", T5, **_TEXT_TO_TEXT),
    "mt5": Family("mt5", "MT5ForConditionalGeneration", T5, **_TEXT_TO_TEXT),
}
KNOWN = "Marian, M2M-100, NLLB-200 (dense), mBART-50, T5, mT5 and MADLAD"
#: Models that look like one of these and are other cases.
OTHERS: Mapping[str, str] = {
    "nllb_moe": "NLLB-MoE: its FFNs are experts, of which each position has others",
    "nllb-moe": "NLLB-MoE: its FFNs are experts, of which each position has others",
    "umt5": "UMT5: each layer has positions of its own",
    "switch_transformers": "a Switch Transformer: its FFNs are experts, of which each position has others",
}
#: Positions of a model that has relative ones, which have no end.
LONGEST = 1024
#: Causal language models that the port knows: ``causal.families``.
CAUSAL = ("gpt2", "llama", "mistral", "qwen2", "qwen3")
MBART_50, MBART_25 = ("MBart50Tokenizer", "MBart50TokenizerFast"), ("MBartTokenizer", "MBartTokenizerFast")


def family_of(config: Mapping[str, Any], tokenizer: Mapping[str, Any], where: str) -> Family:
    """Return the family of a model's ``config.json`` and ``tokenizer_config.json``. UserError for another
    model, and for one that needs code of its own."""
    check_own_code(config, tokenizer, where, KNOWN)
    kind = str(config.get("model_type"))
    if kind in CAUSAL:
        raise UserError(
            f"{where}/config.json: {kind!r} is a causal language model, which translates nothing; for"
            " analysis make its system by models.huggingface.causal.system"
        )
    if kind in OTHERS:
        raise UserError(f"{where}/config.json: {OTHERS[kind]}, which is not supported; there are {KNOWN}")
    if kind not in FAMILIES:
        raise UserError(
            f"{where}/config.json: model_type is {kind!r:.60}, not one of {', '.join(FAMILIES)}"
            f" ({KNOWN}){nearest(kind, FAMILIES)}"
        )
    if kind == "mbart":
        made = tokenizer.get("tokenizer_class") or config.get("tokenizer_class")
        if made not in MBART_50:
            said = "mBART-25, whose tags end a sentence" if made in MBART_25 else "no mBART-50"
            raise UserError(f"{where}: {said} (tokenizer_class is {made!r}), which is not supported: {KNOWN}")
    return FAMILIES[kind]


def check_own_code(config: Mapping[str, Any], tokenizer: Mapping[str, Any], where: str, known: str) -> None:
    """Refuse a model that needs code of its own (UserError). ``known``: the models that there are."""
    for name, value in (("config.json", config), ("tokenizer_config.json", tokenizer)):
        if "auto_map" in value:
            raise UserError(
                f"{where}/{name}: needs code that comes with the model (auto_map), which is never run; take a"
                f" model of the library's own classes: {known}"
            )


def places_of(family: Family, config: Any) -> Places:
    """Return where a model has its units, by its configuration."""
    return T5_GATED if getattr(config, "is_gated_act", False) else family.places


def activation_of(family: Family, config: Any, where: str = "config.json") -> Activation:
    """Return what a model's FFN neurons compute; UserError for a function that is not known."""
    name = getattr(config, family.function)
    if name not in FUNCTIONS:
        raise UserError(
            f"{where}: activation function {name!r} is not known here: {', '.join(FUNCTIONS)}"
            f"{nearest(str(name), FUNCTIONS)}"
        )
    return Activation(FUNCTIONS[name], gated=len(places_of(family, config).first) > 1)


def longest_of(config: Any) -> int:
    """Return the positions of a model's longest sequence."""
    longest: int = getattr(config, "max_position_embeddings", LONGEST)
    return longest


def output_scale_of(config: Any) -> float:
    """Return what the installed library multiplies the decoder's states with before they become logits."""
    # Here alone, so that the table can be read without the library.
    from workflow_scripts.models.huggingface.library import MAJOR

    if MAJOR >= 5:
        scaled = getattr(config, "scale_decoder_outputs", False)  # of T5, never of mT5
    else:
        scaled = config.model_type in ("t5", "mt5") and config.tie_word_embeddings
    return float(config.d_model**-0.5) if scaled else 1.0
