"""Two real processes under masks that are made again, with momentum of their own: one training, not two."""

import json

import numpy as np
import pytest

from tests.training.several import train
from tests.training.toy_world import DIRECTIONS, HALVES, baseline_arguments, finetune_arguments
from workflow_scripts.activations.count_activations import count_subset
from workflow_scripts.units.mask_table import RENEWED, MaskTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.system import SystemFolder

#: Writes, of each update, the directions of the process's batches, its masks, and which rows of W1 moved.
SPY = """
import json
import torch
from workflow_scripts.models.fairseq.training.trainer import NeuronspecTrainer

plain = NeuronspecTrainer.train_step
spied = open({path!r} + str(place.rank), "a")

def rows(network):
    layers = [*network.encoder.layers, *network.decoder.layers]
    # Not its property of this name, which is what a mask leaves of it.
    return torch.cat([layer.fc1._parameters["weight"] for layer in layers]).clone()

def train_step(self, samples, raise_oom=True):
    before = rows(self.get_model())
    output = plain(self, samples, raise_oom)
    moved = (rows(self.get_model()) != before).any(dim=1).tolist()
    masks = self.task.masked.masks
    keep = [masks.row(name).tolist() for name in self.task.directions]
    directions = [sample["direction"] for sample in samples if sample]
    print(json.dumps([directions, keep, moved]), file=spied, flush=True)
    return output

NeuronspecTrainer.train_step = train_step
"""


@pytest.fixture(scope="module")
def spied(world, tmp_path_factory):
    """Eight updates of two batches: of each process, what each update was."""
    from workflow_scripts.train.train_baseline import main

    root = tmp_path_factory.mktemp("ways")
    parent, masks = root / "baseline", root / "masks.npz"
    main(baseline_arguments(world, root / "baseline_training", parent, max_updates=8))
    system = SystemFolder.read(parent)
    for table in count_subset(system, world / "bin", "valid", DIRECTIONS):
        table.write(root / f"counts/{table.rows[0]}.npz")
    Selection("mass:60").masks(read_scores(root / "counts", DIRECTIONS)).write(masks)
    settings = {**HALVES, "max_updates": 8, "validate_interval_updates": 8, "weight_decay": 0.1}
    command = finetune_arguments(world, parent, masks, root / "folder", root / "out", **settings)
    command.append(f"--method={json.dumps({'parameters': 'ffn', 'momentum': 'own', 'renew': 3})}")
    spy = SPY.format(path=str(root / "spied"))
    ended = train("workflow_scripts.train.finetune", [command] * 2, root / "program", spy)
    assert [one.status for one in ended] == [0, 0], ended
    lines = [(root / f"spied{rank}").read_text().splitlines() for rank in (0, 1)]
    return root, [[json.loads(line) for line in rank] for rank in lines]


def test_all_processes_take_the_masks_of_the_first(spied):
    root, (one, two) = spied
    assert [update[1] for update in one] == [update[1] for update in two]
    made_again = [number for number in range(1, 8) if one[number][1] != one[number - 1][1]]
    assert set(made_again) <= {3, 6} and made_again
    exported = MaskTable.read(root / "out/masks.npz")
    assert (exported.keep.tolist(), exported.manifest[RENEWED]) == (one[7][1], 6)


def test_a_row_advances_where_a_batch_of_any_process_keeps_it(spied):
    """The first update has a rate of nothing. In some later one the processes had different directions."""
    _, (one, two) = spied
    different = 0
    for first, second in list(zip(one, two, strict=True))[1:]:
        moved, keep = np.array(first[2]), np.array(first[1])
        directions = sorted({*first[0], *second[0]})
        assert moved.tolist() == second[2]
        assert not moved[~keep[directions].any(axis=0)].any()
        own = keep[sorted(set(first[0]))].any(axis=0)
        different += int(moved[~own].sum())
    assert different > 0
