"""The causal language models that the port knows, and where each has its units: a table beside that of the
encoder–decoders.

They have one stack, ``decoder``, without cross attention. With grouped queries a head is a query's: the
columns of the output projection are its own, keys and values are not. Heads have no weights of their own
here, so gates that act on weights (``gradient``) are refused; nothing is trained.
"""

from collections.abc import Mapping
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.huggingface.families import (
    FAMILIES as ENCODER_DECODERS,
)
from workflow_scripts.models.huggingface.families import (
    OTHERS as NO_ENCODER_DECODERS,
)
from workflow_scripts.models.huggingface.families import Family, Places, check_own_code

#: GPT-2 has one matrix for query, key and value, and the weights of linear layers with inputs as rows.
GPT2 = Places(
    layers="transformer.h",
    attentions={"self": "attn"},
    projections={},
    out="c_proj",
    heads="num_heads",
    ffn={"decoder": "mlp"},
    first=("c_fc",),
    last="c_proj",
    stacks=("decoder",),
)
LLAMA = Places(
    layers="model.layers",
    attentions={"self": "self_attn"},
    projections={},
    out="o_proj",
    heads="config.num_attention_heads",
    ffn={"decoder": "mlp"},
    first=("gate_proj", "up_proj"),
    last="down_proj",
    activation="act_fn",
    stacks=("decoder",),
)
#: model_type → the family.
FAMILIES: Mapping[str, Family] = {
    "gpt2": Family("gpt2", "GPT2LMHeadModel", GPT2, layerdrop=()),
    **{
        name: Family(name, f"{kind}ForCausalLM", LLAMA, function="hidden_act", layerdrop=())
        for name, kind in (
            ("llama", "Llama"),
            ("mistral", "Mistral"),
            ("qwen2", "Qwen2"),
            ("qwen3", "Qwen3"),
        )
    },
}
KNOWN = "GPT-2, Llama, Mistral, Qwen2 and Qwen3 (dense)"
_EXPERTS = "its FFNs are experts, of which each position has others"
#: Models that look like one of these and are other cases.
OTHERS: Mapping[str, str] = {
    "mixtral": f"Mixtral: {_EXPERTS}",
    "qwen2_moe": f"a Qwen with experts: {_EXPERTS}",
    "qwen3_moe": f"a Qwen with experts: {_EXPERTS}",
    "gpt_oss": f"GPT-OSS: {_EXPERTS}",
    "deepseek_v3": f"DeepSeek: {_EXPERTS}",
}


def causal_family(config: Mapping[str, Any], tokenizer: Mapping[str, Any], where: str) -> Family:
    """Return the family of a model's ``config.json`` and ``tokenizer_config.json``. UserError for another
    model, one that needs code of its own, and one whose weights are quantised."""
    check_own_code(config, tokenizer, where, KNOWN)
    kind = str(config.get("model_type"))
    if kind in OTHERS:
        raise UserError(f"{where}/config.json: {OTHERS[kind]}, which is not supported; there are {KNOWN}")
    if kind in ENCODER_DECODERS or kind in NO_ENCODER_DECODERS:
        raise UserError(
            f"{where}/config.json: {kind!r} is an encoder–decoder, no causal language model; make its system"
            " by models.huggingface.system"
        )
    if kind not in FAMILIES:
        raise UserError(
            f"{where}/config.json: model_type is {kind!r:.60}, not one of {', '.join(FAMILIES)} ({KNOWN})"
            f"{nearest(kind, FAMILIES)}"
        )
    if "quantization_config" in config:
        raise UserError(
            f"{where}/config.json: its weights are quantised (quantization_config), and units are counted in"
            " float32; take the model's folder with whole weights"
        )
    return FAMILIES[kind]
