"""Two real processes on a CPU train what one does: the same loss and weights, each direction's own mask."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.training.interrupted import same_weights
from tests.training.several import train
from tests.training.toy_world import DIRECTIONS, baseline_arguments, finetune_arguments, write_world
from workflow_scripts.common.files import read_json
from workflow_scripts.train.history import History
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

FINETUNE = "workflow_scripts.train.finetune"
UNITS = 96  # 2 + 2 layers of 24
#: Masked in all directions, and in all but the first.
NOWHERE, ONCE = (0, 30, 50, 95), (1, 31, 51, 94)

# An update of four batches; an epoch has 20, 19, 19, 19 of them. In the last update of the latter, one of two
#: processes has two batches and the other one.
ODD = {
    "max_tokens": 70, "tokens_per_update": 280, "dropout": 0.0, "temperature": 5.0, "virtual_epoch_size": 150,
    "clip_norm": 0.5,
}  # fmt: skip
#: The first epoch has 13 batches: for its fourth update the second process has none. A validation has one
#: batch of each direction, so that the processes take different ones.
NONE_LEFT = {**ODD, "max_tokens": 120, "tokens_per_update": 480, "virtual_epoch_size": 160}

#: Writes, of each update, the batches that the process took and the largest gradient of each unit's weights.
SPY = """
import json
from workflow_scripts.models.fairseq.training.trainer import NeuronspecTrainer, Trainer

plain_step, plain_clip = Trainer.train_step, Trainer.clip_grad_norm
spied = open({path!r} + str(place.rank), "a")

def train_step(self, samples, **named):
    self.spied = [[sample["direction"], sorted(sample["id"].tolist())] for sample in samples if sample]
    return plain_step(self, samples, **named)

def clip_grad_norm(self, clip_norm):
    network = self.get_model()
    layers = [*network.encoder.layers, *network.decoder.layers]
    rows = [float(row.abs().max()) for layer in layers for row in layer.fc1._parameters["weight"].grad]
    print(json.dumps([self.spied, rows]), file=spied, flush=True)
    return plain_clip(self, clip_norm)

Trainer.train_step, Trainer.clip_grad_norm = train_step, clip_grad_norm
"""


def masked():
    """[4, 96]: a third of all units at random, the same every time; NOWHERE and ONCE as they are called."""
    keep = np.random.default_rng(5).random((len(DIRECTIONS), UNITS)) > 0.33
    keep[:, list(NOWHERE + ONCE)] = False
    keep[0, list(ONCE)] = True
    return keep


class Trained:
    def __init__(self, root, command, processes, **options):
        spy = SPY.format(path=str(root / "spied"))
        self.ended = train(FINETUNE, [command] * processes, root / "program", spy, **options)
        assert [one.status for one in self.ended] == [0] * processes, self.ended
        self.folder, self.out = root / "folder", root / "out"
        self.spied = [
            [json.loads(line) for line in (root / f"spied{rank}").read_text().splitlines()]
            for rank in range(processes)
        ]

    def updates(self):
        """The batches of each update, of all processes together, in an order of their own."""
        return [
            sorted(batch for rank in at_once for batch in rank[0])
            for at_once in zip(*self.spied, strict=True)
        ]

    def losses(self):
        return [line.split(",") for line in (self.folder / "validation.csv").read_text().splitlines()]


class World:
    def __init__(self, root):
        from workflow_scripts.train.train_baseline import main

        self.root, self.world = root, write_world(root / "world")
        self.parent = root / "baseline"
        options = {"max_updates": 1, "warmup_updates": 1}
        main(baseline_arguments(self.world, root / "parent_training", self.parent, **options))
        system = SystemFolder.read(self.parent)
        facts = {"rule": "test", "weights_sha256": system.weights_sha256}
        self.masks = root / "masks.npz"
        MaskTable(DIRECTIONS, masked(), system.space_of(["ffn"]), facts).write(self.masks)

    def command(self, name, **settings):
        root = self.root / name
        root.mkdir(exist_ok=True)
        return finetune_arguments(
            self.world, self.parent, self.masks, root / "folder", root / "out", **settings
        )

    def train(self, name, processes, by_srun=False, **settings):
        return Trained(self.root / name, self.command(name, **settings), processes, by_srun=by_srun)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("several"))


@pytest.fixture(scope="module")
def two(world):
    return world.train("two", 2, **ODD)


def assert_same_training(one, two):
    assert one.updates() == two.updates()
    assert len(one.updates()) == 20
    first, second = (load_file(each.out / "model.safetensors") for each in (one, two))
    for name in first:
        torch.testing.assert_close(second[name], first[name], rtol=0, atol=1e-5)
    for line, other in zip(one.losses()[1:], two.losses()[1:], strict=True):
        assert line[:2] + line[4:] == other[:2] + other[4:]
        assert [float(value) for value in line[2:4]] == pytest.approx(
            [float(v) for v in other[2:4]], abs=2e-4
        )
    losses = [read_json(each.out / "system.json")["training"]["best_valid_loss"] for each in (one, two)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_two_processes_train_what_one_does(world, two):
    one = world.train("one", 1, **ODD)
    # Both stepped, each took its share of every update.
    assert [len(rank) for rank in two.spied] == [20, 20]
    shares = [tuple(len(rank[0]) for rank in update) for update in zip(*two.spied, strict=True)]
    assert set(shares) == {(2, 2), (2, 1)}
    assert sum(len(update) for update in two.updates()) == 20 + 3 * 19
    assert_same_training(one, two)
    start, end = (load_file(each / "model.safetensors") for each in (world.parent, one.out))
    assert max(float((end[name] - start[name]).abs().max()) for name in end) > 0.01  # it did train
    # Process 0 alone writes and says.
    history = History(two.folder).read()["attempts"]
    assert [(a["devices"], a["execution"]["processes"], a["outcome"]) for a in history] == [
        (["cpu", "cpu"], 2, "finished")
    ]
    assert "exported update 20" in two.ended[0].said
    assert two.ended[1].said == ""


def test_gradients_of_masked_rows_are_exactly_zero(two):
    """In both processes, after theirs were added up: a row moves only where a batch of one keeps it."""
    keep, moved = masked(), np.zeros(UNITS, dtype=bool)
    for at_once, batches in zip(zip(*two.spied, strict=True), two.updates(), strict=True):
        directions = sorted({batch[0] for batch in batches})
        kept = keep[directions].any(axis=0)
        gradients = [np.array(rank[1]) for rank in at_once]
        assert (gradients[0] == gradients[1]).all()
        assert not gradients[0][~kept].any()
        moved |= gradients[0] > 0
    assert not moved[list(NOWHERE)].any()
    assert moved[list(ONCE)].any()
    # Some update had a row masked that another one moved.
    assert moved.sum() > UNITS / 2


def test_srun_where_a_process_has_no_batch_left(world):
    """As srun starts them; the last update of the first epoch has one batch, and is not the less for it."""
    one = world.train("one_left", 1, **NONE_LEFT)
    two = world.train("none_left", 2, by_srun=True, **NONE_LEFT)
    assert [len(rank[0]) for rank in (two.spied[0][3], two.spied[1][3])] == [1, 0]
    assert_same_training(one, two)


def test_a_two_process_training_goes_on_to_the_bit(world, two):
    """Stopped in the middle of an epoch: in two processes the same bits, in one the same training."""
    for name, processes in (("resumed", 2), ("alone", 1)):
        if name == "resumed":
            stopped = world.train(name, 2, **{**ODD, "max_updates": 12})
            shutil.copytree(stopped.folder, world.root / "alone" / "folder")
        trained = world.train(name, processes, **ODD)
        said = trained.ended[0].said
        assert "resumed at update 12, epoch 3" in said
        if processes == 2:
            assert same_weights(trained.out, two.out)
        else:
            assert "continuing with processes changed from 2 to 1" in said
            assert "cut differently" not in said
            first, second = (load_file(each.out / "model.safetensors") for each in (two, trained))
            for key in first:
                torch.testing.assert_close(second[key], first[key], rtol=0, atol=1e-5)
        attempts = History(trained.folder).read()["attempts"]
        assert [a["execution"]["processes"] for a in attempts] == [2, processes]
        assert [len(a["devices"]) for a in attempts] == [2, processes]


#: Both processes end by themselves after the second update.
AGREED = """
from workflow_scripts.models.training.slices import SliceEnded
from workflow_scripts.models.fairseq.training.trainer import NeuronspecTrainer
plain = NeuronspecTrainer.train_step

def train_step(self, samples, raise_oom=True):
    if self.get_num_updates() == 2:
        raise SliceEnded("SIGTERM", 2)
    return plain(self, samples, raise_oom)

NeuronspecTrainer.train_step = train_step
"""


def test_an_end_that_all_agree_on_is_told_by_nobody(world):
    ended = train(FINETUNE, [world.command("left", **ODD)] * 2, world.root / "left", AGREED)
    assert [one.status for one in ended] == [143, 0]
    assert "ended by SIGTERM at update 2; it goes on from there" in ended[0].said
    assert not [one for one in ended if "error" in one.said]
    assert not (world.root / "left" / "folder" / "owner.json").exists()


def test_a_finished_training_is_only_exported(world, two):
    """All processes come, and process 0 tells them that nothing is left."""
    again = train(FINETUNE, [world.command("two", **ODD)] * 2, world.root / "again")
    assert [one.status for one in again] == [0, 0]
    assert "holds this training, finished; exporting it again" in again[0].said
    assert again[1].said == ""
    assert len(History(two.folder).read()["attempts"]) == 1
