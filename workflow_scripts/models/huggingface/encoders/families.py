"""The families of encoders that are known, and where each has its units: one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.huggingface.families import Family, Places, check_own_code

#: Of ``network.Encoder``, in which the library's model is ``encoder``.
BERT = Places(
    layers="encoder.encoder.layer",
    attentions={"self": "attention"},
    projections={"q": "self.query", "k": "self.key", "v": "self.value"},
    out="output.dense",
    heads="self.num_attention_heads",
    ffn={"encoder": ""},
    first=("intermediate.dense",),
    last="output.dense",
    stacks=("encoder",),
)


@dataclass(frozen=True)
class EncoderFamily(Family):
    """A family: ``prefix`` of its tensors in a model with a head; ``offset``: whether positions are counted
    from behind the id of padding, so that fewer texts' positions fit than there are rows."""

    prefix: str = ""
    offset: bool = False


def _family(name: str, model: str, prefix: str, offset: bool) -> EncoderFamily:
    return EncoderFamily(name, model, BERT, function="hidden_act", layerdrop=(), prefix=prefix, offset=offset)


#: model_type → the family.
ENCODERS: Mapping[str, EncoderFamily] = {
    "bert": _family("bert", "BertModel", "bert.", False),
    "roberta": _family("roberta", "RobertaModel", "roberta.", True),
    "xlm-roberta": _family("xlm-roberta", "XLMRobertaModel", "roberta.", True),
}
KNOWN = "BERT, RoBERTa and XLM-R"


def encoder_family(config: Mapping[str, Any], tokenizer: Mapping[str, Any], where: str) -> EncoderFamily:
    """Return the family of an encoder's ``config.json``; UserError for another model, one that needs code of
    its own, and one that was made a decoder."""
    check_own_code(config, tokenizer, where, KNOWN)
    kind = str(config.get("model_type"))
    if kind not in ENCODERS:
        raise UserError(
            f"{where}/config.json: model_type is {kind!r:.60}, not that of an encoder, {', '.join(ENCODERS)}"
            f" ({KNOWN}){nearest(kind, ENCODERS)}"
        )
    if config.get("is_decoder"):
        raise UserError(
            f"{where}/config.json: is_decoder is set; in an encoder each position sees all others"
        )
    return ENCODERS[kind]
