"""kill -9 at random moments until the training is done: the same weights to the bit as undisturbed."""

import random

import numpy as np

from tests.training.interrupted import same_weights
from tests.training.killing import Program
from tests.training.toy_world import DIRECTIONS, baseline_arguments, finetune_arguments
from workflow_scripts.common.files import read_json
from workflow_scripts.train.history import History
from workflow_scripts.train.train_baseline import main as train_baseline
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

BASELINE, FINETUNE = "workflow_scripts.train.train_baseline", "workflow_scripts.train.finetune"
SEED = 20
KILLS = 5
#: Of the processor time of a whole training.
PARTS = 0.3, 0.7


def test_killed_at_random_moments_until_it_is_done(world, tmp_path):
    """Checkpoints at every fourth update of epochs of 6 to 12; patience ends the trainings at 32 and 16."""
    parent = tmp_path / "parent"
    train_baseline(baseline_arguments(world, tmp_path / "parent_folder", parent, max_updates=5))
    system = SystemFolder.read(parent)
    keep = np.random.default_rng(SEED).random((len(DIRECTIONS), 96)) < 0.8
    masks = tmp_path / "masks.npz"
    made_from = {"rule": "test", "weights_sha256": system.weights_sha256}
    MaskTable(DIRECTIONS, keep, system.space_of(["ffn"]), made_from).write(masks)
    options = {"validate_interval_updates": 4, "patience": 2, "max_updates": 60, "temperature": 2.0}
    options |= {"scheduler": "fixed", "warmup_updates": 0}

    def programs(kind):
        log = tmp_path / f"{kind}.log"
        mixed, masked = (
            (tmp_path / f"{name}.{kind}", tmp_path / f"{name}.{kind}.out") for name in ("mixed", "masked")
        )
        tuning = finetune_arguments(world, parent, masks, *masked, lr=0.3, **options)
        return (
            Program(BASELINE, baseline_arguments(world, *mixed, lr=0.1, **options), log),
            Program(FINETUNE, tuning, log),
        )

    draw = random.Random(SEED)
    killings = []
    for straight, program in zip(programs("straight"), programs("killed"), strict=True):
        status, whole = straight.whole()
        assert status == 0, straight.log.read_text()
        # Some of the time is start-up.
        killings.append(program.killed([whole * draw.uniform(*PARTS) for _ in range(KILLS)]))
    log = (tmp_path / "killed.log").read_text()
    assert [one[-1] for one in killings] == [0, 0], log
    assert "resumed at update" in log
    assert sum(map(len, killings)) > 4
    for name, last, killed in (("mixed", 32, killings[0]), ("masked", 16, killings[1])):
        folders = [tmp_path / f"{name}.{kind}" for kind in ("straight", "killed")]
        systems = [tmp_path / f"{folder.name}.out" for folder in folders]
        assert len(killed) > 1
        assert same_weights(*systems)
        finished = [read_json(folder / "finished.json") for folder in folders]
        assert finished[0] == finished[1]
        assert (finished[0]["updates"], finished[0]["reason"]) == (last, "patience or time")
        assert len({(folder / "validation.csv").read_bytes() for folder in folders}) == 1
        facts = [read_json(system / "system.json")["training"] for system in systems]
        for key in ("updates", "best_update", "best_valid_loss", "max_tokens"):
            assert facts[0][key] == facts[1][key]
        # One that was killed in its first moments may have written nothing of itself.
        outcomes = [attempt["outcome"] for attempt in History(folders[1]).read()["attempts"]]
        assert 2 <= len(outcomes) <= len(killed)
        assert set(outcomes) == {"killed", "finished"}


def test_two_at_once_train_once(tmp_path, arguments):
    """Both end well; one of them trained, the other waited and found it finished."""
    program = Program(BASELINE, arguments, tmp_path / "log")
    assert program.beside(2) == [0, 0], program.log.read_text()
    log = program.log.read_text()
    assert [one["outcome"] for one in History(tmp_path / "folder").read()["attempts"]] == ["finished"]
    assert log.count("is training this already; waiting for it") == 1
    assert log.count("holds this training, finished; exporting it again") == 1
    SystemFolder.read(tmp_path / "out").verify()
