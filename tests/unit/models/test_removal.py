"""A unit that is removed (gate ``zero``) and one whose row is masked (``row``): by what they differ."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from workflow_scripts.models.fairseq.gates import Gates  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

SHAPE = Architecture(1, 1, 8, 6, 2, pre_norm=True, dropout=0.0)


def test_they_differ_by_the_constant_that_the_bias_gives() -> None:
    """Units 1 and 4 are left out, with biases of 0.5 and -2: the row mask leaves W2[:, 1] · 0.5 of them. By
    that the layer's outputs differ, at every position."""
    torch.manual_seed(2)
    network = build_network(SHAPE, 12).double().eval()
    layer = network.encoder.layers[0]
    with torch.no_grad():
        layer.fc1.bias[1], layer.fc1.bias[4] = 0.5, -2.0
    keep = np.ones((1, 12), dtype=bool)
    keep[0, [1, 4]] = False
    masks = MaskTable(["de-en"], keep, model_space(SHAPE.to_dict()), {})
    values = torch.randn(3, 2, 8, dtype=torch.float64)
    outputs = {}
    for gate in ("row", "zero"):
        gates = Gates(network, masks, {"ffn": gate})
        gates.select("de-en")
        with torch.no_grad():
            outputs[gate] = layer(values, None)
        gates.clear()
    expected = layer.fc2.weight.detach()[:, 1] * 0.5
    difference = (outputs["row"] - outputs["zero"]).reshape(-1, 8)
    torch.testing.assert_close(difference, expected.expand(6, 8), rtol=0, atol=1e-12)
