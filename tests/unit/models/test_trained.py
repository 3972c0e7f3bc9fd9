"""What a training does not move comes out as it was, though checkpoints of half precision hold it rounded."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.fairseq.training.trained import freeze, take_untrained  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import ffn_space  # noqa: E402


def test_untrained_parameters_and_rows_are_those_of_the_start() -> None:
    """Of the encoder's four units, unit 0 is kept by one direction, unit 1 by none."""
    torch.manual_seed(1)
    start, network = (build_network(Architecture(1, 1, 8, 4, 2), 9) for _ in range(2))
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter)
    keep = np.ones((2, 8), dtype=bool)
    keep[0, 0] = keep[:, 1] = False
    masks = MaskTable(["de-en", "en-de"], keep, ffn_space(1, 1, 4), {})
    method = {"train": "gradients", "parameters": "ffn"}
    freeze(network, method, {})
    take_untrained(network, start, method, masks, ["de-en", "en-de"])
    taken = {
        name
        for (name, one), other in zip(network.named_parameters(), start.parameters(), strict=True)
        if torch.equal(one, other)
    }
    assert taken == {name for name, _ in network.named_parameters() if ".fc" not in name}
    fc1, first = network.encoder.layers[0].fc1.weight, start.encoder.layers[0].fc1.weight
    assert (fc1 == first).all(dim=1).tolist() == [False, True, False, False]
