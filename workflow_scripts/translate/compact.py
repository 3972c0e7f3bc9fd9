"""Cut the units that a direction masks out of a feed-forward layer, exactly.

The gate ``row`` does not remove a unit: its row of W1 is zero, so it outputs the constant ReLU(b1) at every
position and still feeds W2. Being the same for every input, it folds into the output bias:

    W2 ReLU((m o W1) x + b1) + b2  =  W2[:,S] ReLU(W1[S] x + b1[S]) + (b2 + W2[:,C] ReLU(b1[C]))

with S the kept and C the masked units: an ordinary, smaller layer, which any engine can run.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class FeedForward(NamedTuple):
    """``W2 ReLU(W1 x + b1) + b2``, F units, model dimension d: F x d, F, d x F, d."""

    w1: NDArray[np.float32]
    b1: NDArray[np.float32]
    w2: NDArray[np.float32]
    b2: NDArray[np.float32]


def compact_layer(layer: FeedForward, keep: NDArray[np.bool_]) -> FeedForward:
    """Return the layer of the kept units only, which computes what the row-masked layer does. ``keep``:
    bool[F], at least one unit True, else ValueError. The folded bias is summed in float64 and rounded once.
    """
    if keep.shape != layer.b1.shape or keep.dtype != np.bool_:
        raise ValueError(f"mask of {keep.dtype}{list(keep.shape)} for a layer of {layer.b1.shape[0]} units")
    if keep.all():
        return layer
    if not keep.any():
        raise ValueError("a mask must keep at least one unit of every feed-forward layer")
    masked = ~keep
    constant = np.maximum(layer.b1[masked].astype(np.float64), 0.0)
    bias = layer.b2.astype(np.float64) + layer.w2[:, masked].astype(np.float64) @ constant
    return FeedForward(
        w1=np.ascontiguousarray(layer.w1[keep]),
        b1=layer.b1[keep],
        w2=np.ascontiguousarray(layer.w2[:, keep]),
        b2=bias.astype(layer.b2.dtype),
    )
