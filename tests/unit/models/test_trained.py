"""What a training does not move comes out as it was, though checkpoints of half precision hold it rounded."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.fairseq.sites import sites  # noqa: E402
from workflow_scripts.models.training.trained import freeze, take_untrained  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import ffn_space, model_space  # noqa: E402


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
    there = sites(network)
    freeze(network, there, {}, method)
    take_untrained(network, there, start, method, masks, ["de-en", "en-de"])
    taken = {
        name
        for (name, one), other in zip(network.named_parameters(), start.parameters(), strict=True)
        if torch.equal(one, other)
    }
    assert taken == {name for name, _ in network.named_parameters() if ".fc" not in name}
    fc1, first = network.encoder.layers[0].fc1.weight, start.encoder.layers[0].fc1.weight
    assert (fc1 == first).all(dim=1).tolist() == [False, True, False, False]


@pytest.mark.parametrize("outputs", [False, True])
def test_heads_alone(outputs: bool) -> None:
    """Head 0 of each attention is kept by one direction, head 1 of the encoder's by none: its four rows of
    query, key and value (its four columns of the output projection) are those of the start, as is all that
    is no head's. The bias of the output projection is no head's."""
    torch.manual_seed(1)
    start, network = (build_network(Architecture(1, 1, 8, 4, 2), 9) for _ in range(2))
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter)
    space = model_space(Architecture(1, 1, 8, 4, 2).to_dict(), ["head"])
    keep = np.ones((2, 6), dtype=bool)
    keep[:, space.flat("encoder.0.self", 1)] = keep[1, space.flat("decoder.0.cross", 0)] = False
    masks = MaskTable(["de-en", "en-de"], keep, space, {})
    method = {"train": "gradients", "parameters": "heads"} | ({"head_weights": "qkvo"} if outputs else {})
    there = sites(network)
    freeze(network, there, {}, method)
    take_untrained(network, there, start, method, masks, ["de-en", "en-de"])
    before = dict(start.named_parameters())
    taken = {name for name, one in network.named_parameters() if torch.equal(one, before[name])}
    trained = [f"{part}_proj.{kind}" for part in "qkv" for kind in ("weight", "bias")]
    trained += ["out_proj.weight"] if outputs else []
    assert taken == {name for name in before if "attn" not in name or not name.endswith(tuple(trained))}
    attention, first = network.encoder.layers[0].self_attn, start.encoder.layers[0].self_attn
    stays = [False] * 4 + [True] * 4
    for part in ("q", "k", "v"):
        one, other = (getattr(of, f"{part}_proj") for of in (attention, first))
        assert (one.weight == other.weight).all(dim=1).tolist() == stays
        # Biases of queries, keys and values begin with drawn numbers.
        assert (one.bias == other.bias).tolist() == stays
    columns = (attention.out_proj.weight == first.out_proj.weight).all(dim=0).tolist()
    assert columns == (stays if outputs else [True] * 8)
