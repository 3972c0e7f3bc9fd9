"""What is known of a network before its weights are read: how it names them, and what shape it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ctranslate2.specs import common_spec
from numpy.typing import NDArray

from workflow_scripts.units.sequences import Computing
from workflow_scripts.units.space import Stack
from workflow_scripts.units.weights_file import LazyTensor

Array = NDArray[np.float32]
Weights = Mapping[str, Array | LazyTensor]
#: CTranslate2's names of the functions of ``compact.FUNCTIONS``.
ACTIVATIONS = {
    "relu": common_spec.Activation.RELU,
    "silu": common_spec.Activation.SWISH,
    "gelu": common_spec.Activation.GELU,
    "gelu_new": common_spec.Activation.GELUTanh,
}


class GroupMask(NamedTuple):
    """Which units of a group are kept, bool [units], and by what the values of the others are multiplied.
    ``factor`` None: they are neurons whose row of the first weight is zero (the gate ``row``)."""

    keep: NDArray[np.bool_]
    factor: float | None = None


@dataclass(frozen=True)
class Names:
    """How a kind of system names its weights.

    ``embeddings`` and ``projection``: names of which the first that is there counts, since a tied matrix may
    be stored once or under each of its names; ``{stack}`` in them, and in ``layer`` and ``last_norm`` (of a
    pre-norm stack), is the stack. From a layer: ``attentions``, with their ``parts``, and their ``norms``;
    ``ffn`` of each stack to where the FFN is, and from there its ``first`` layer (or the gate's and the
    factor's), its ``second`` and its ``ffn_norm``. ``biased``: linear layers and norms have biases.
    ``output_bias``: of the logits, if there can be one. ``embedding_norm``: that of the embeddings.
    """

    embeddings: tuple[str, ...]
    projection: tuple[str, ...]
    layer: str
    attentions: Mapping[str, str]
    parts: Mapping[str, str]
    norms: Mapping[str, str]
    ffn: Mapping[Stack, str]
    first: tuple[str, ...]
    second: str
    ffn_norm: str
    last_norm: str
    biased: bool = True
    output_bias: str | None = None
    embedding_norm: str | None = None

    def weight(self, key: str) -> str:
        """Return the name of the weights of a group: of ``encoder.0.self.q`` and ``encoder.0.fc1``."""
        stack, number, name, *part = key.split(".")
        layer = self.layer.format(stack=stack, layer=number)
        if part:
            return f"{layer}.{self.attentions[name]}.{self.parts[part[0]]}.weight"
        inside = {"fc1": self.first[0], "factor": self.first[-1], "fc2": self.second}[name]
        return f"{layer}.{self.ffn['encoder' if stack == 'encoder' else 'decoder']}{inside}.weight"


@dataclass(frozen=True)
class Layout:
    """What a network is. By stack: ``layers``, ``heads``, ``units`` of an FFN, and ``encodings`` [positions,
    width]; these are relative where there are none, and then in ``relative`` the name of their weights from
    a stack's first layer. ``function``: a key of ``ACTIVATIONS``."""

    layers: Mapping[Stack, int]
    heads: Mapping[Stack, int]
    units: Mapping[Stack, int]
    width: int
    function: str
    pre_norm: bool
    computing: Computing
    encodings: Mapping[Stack, Array]
    relative: str | None = None
