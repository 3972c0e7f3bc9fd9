"""Masks that leave out units of one stack: the other one computes as without masks."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from workflow_scripts.models.fairseq.gates import Gates  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.selection import Selection  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

SHAPE = Architecture(2, 2, 8, 6, 2, pre_norm=True, dropout=0.0)
SOURCE = torch.tensor([[5, 6, 7, 2], [8, 9, 5, 2]])
TARGET = torch.tensor([[2, 5, 6], [2, 9, 7]])


@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_the_other_stack_computes_as_without_masks(stack: str) -> None:
    torch.manual_seed(3)
    network = build_network(SHAPE, 12).eval()
    space = model_space(SHAPE.to_dict())
    scores = ScoreTable(["de-en"], np.arange(24, dtype=np.int64)[None, :], space, {})
    gates = Gates(network, Selection("top:2", (stack,)).masks(scores))

    def states(laid: bool) -> dict[str, torch.Tensor]:
        if laid:
            gates.select("de-en")
        with torch.no_grad():
            encoded = network.encoder(SOURCE, torch.tensor([4, 4]))
        gates.clear()
        with torch.no_grad():
            plain = network.encoder(SOURCE, torch.tensor([4, 4]))
        if laid:
            gates.select("de-en")
        with torch.no_grad():  # of the plain encoder's states: what the decoder itself does
            decoded = network.decoder(TARGET, encoder_out=plain)[0]
        gates.clear()
        return {"encoder": encoded["encoder_out"][0], "decoder": decoded}

    with_masks, without = states(laid=True), states(laid=False)
    other = "decoder" if stack == "encoder" else "encoder"
    assert torch.equal(with_masks[other], without[other])
    assert not torch.equal(with_masks[stack], without[stack])
