"""Weights in int8 whose products have the same sums on every CPU.

CTranslate2 adds 128 to inputs of -127 to 127, and has weights of -127 to 127. CPUs with VNNI add the products
in 32 bits. On others oneDNN first adds two neighbours in 16 bits (the instruction ``vpmaddubsw``), and a sum
that does not fit becomes the largest number that does. Two products of at most 255 * 64 always fit.
"""

from typing import Any

import numpy as np
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.model_spec import NumpyVariable, visit_spec

#: The largest w with 2 * 255 * w < 2 ** 15.
LARGEST_WEIGHT = 64


def quantise_weights(spec: TransformerSpec) -> None:
    """Turn the float32 matrices of ``spec`` into int8 of -64 to 64, each row [inputs] with its own scale.

    Embeddings are among them, since the output projection may be the same matrix. Biases and norms stay, and
    names of a matrix that is elsewhere, whose scale CTranslate2 takes from there.
    """

    def quantise(layer: Any, name: str, value: Any) -> None:
        if (
            name.rpartition("/")[2] != "weight"
            or not hasattr(layer, "weight_scale")
            or isinstance(value, str)
        ):
            return
        weight = value.numpy()
        largest = np.abs(weight).max(axis=1)
        largest[largest == 0] = LARGEST_WEIGHT  # a scale of 1 for a row of zeros
        # A scale must be a float32, also that of a row of denormal numbers.
        scale = LARGEST_WEIGHT / np.maximum(largest, LARGEST_WEIGHT / np.finfo(np.float32).max)
        scaled = weight * scale[:, None]
        layer.weight = NumpyVariable(np.rint(scaled, out=scaled).astype(np.int8))
        layer.weight_scale = NumpyVariable(scale.astype(np.float32))

    visit_spec(spec, quantise)
