"""Cut the units that a direction masks out of a feed-forward layer, exactly.

The gate ``row`` does not remove a unit: its row of W1 is zero, so it outputs the constant act(b1) at every
position and still feeds W2. Being the same for every input, it folds into the output bias:

    W2 act((m o W1) x + b1) + b2  =  W2[:,S] act(W1[S] x + b1[S]) + (b2 + W2[:,C] act(b1[C]))

with S the kept and C the masked units: an ordinary, smaller layer, which any engine can run. Units that are
removed leave no constant. Without b1 act(0) = 0, so there is none either; nor is there in a gated layer.
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


class FeedForward(NamedTuple):
    """``W2 act(W1 x + b1) + b2``, F units, model dimension d: F x d, F, d x F, d. Gated, without biases:
    ``W2 (act(W1 x) * (factor x))``, with ``factor`` F x d. ``function``: a key of ``FUNCTIONS``."""

    w1: NDArray[np.float32]
    b1: NDArray[np.float32] | None
    w2: NDArray[np.float32]
    b2: NDArray[np.float32] | None
    factor: NDArray[np.float32] | None = None
    function: str = "relu"


def _gelu(x: Values) -> Values:
    shares: Values = np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in x])
    return x * shares


def _gelu_new(x: Values) -> Values:
    """The form with tanh (Hendrycks and Gimpel 2016, section 2)."""
    shares: Values = 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * shares


#: The activation functions of ``units.activity``, in float64.
FUNCTIONS: Mapping[str, Callable[[Values], Values]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": _gelu,
    "gelu_new": _gelu_new,
}


def compact_layer(layer: FeedForward, keep: NDArray[np.bool_], removed: bool = False) -> FeedForward:
    """Return the layer of the kept units only, which computes what the row-masked layer does, or with
    ``removed`` the one without these units. ``keep``: bool[F], at least one unit True, else ValueError. The
    folded bias is summed in float64 and rounded once.
    """
    units = layer.w1.shape[0]
    if keep.shape != (units,) or keep.dtype != np.bool_:
        raise ValueError(f"mask of {keep.dtype}{list(keep.shape)} for a layer of {units} units")
    if keep.all():
        return layer
    if not keep.any():
        raise ValueError("a mask must keep at least one unit of every feed-forward layer")
    bias = layer.b2
    if layer.b1 is not None and bias is not None and not removed:
        masked = ~keep
        constant = FUNCTIONS[layer.function](layer.b1[masked].astype(np.float64))
        folded = bias.astype(np.float64) + layer.w2[:, masked].astype(np.float64) @ constant
        bias = folded.astype(bias.dtype)
    return FeedForward(
        w1=np.ascontiguousarray(layer.w1[keep]),
        b1=None if layer.b1 is None else layer.b1[keep],
        w2=np.ascontiguousarray(layer.w2[:, keep]),
        b2=bias,
        factor=None if layer.factor is None else np.ascontiguousarray(layer.factor[keep]),
        function=layer.function,
    )
