"""Malformed checkpoints, weights, binarised text and masks, each to the stage that reads it."""

import ast
import pickle
from pathlib import Path

import pytest
import torch

from tests.malformed import (
    correlation_cases,
    effect_cases,
    exchange_cases,
    finetune_cases,
    head_cases,
    likelihood_cases,
    model_cases,
    probe_cases,
)
from tests.malformed.model_cases import training
from tests.malformed.suite import test_refused, test_the_refused_reach_distinct_checks  # noqa: F401
from tests.malformed.tiny import Trap
from workflow_scripts.models.training import checkpoints
from workflow_scripts.train import train_baseline
from workflow_scripts.units.system import SystemFolder

PACKAGE = Path(__file__).resolve().parents[2] / "workflow_scripts"

CASES = [
    *model_cases.CASES,
    *finetune_cases.CASES,
    *exchange_cases.CASES,
    *likelihood_cases.CASES,
    *effect_cases.CASES,
    *correlation_cases.CASES,
    *probe_cases.CASES,
    *head_cases.CASES,
]


def test_the_trap_is_one(tmp_path, monkeypatch):
    """What the cases feed to the restricted loader does run code in an unrestricted one."""
    monkeypatch.chdir(tmp_path)
    torch.save({"cfg": Trap()}, "c.pt")
    torch.load("c.pt", weights_only=False)
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()
    pickle.loads(pickle.dumps(Trap(), protocol=2))
    assert (tmp_path / "ran").exists()


def test_readers_of_a_trainings_own_checkpoints_run_nothing(tmp_path, monkeypatch):
    """A training folder may have been copied from elsewhere."""
    monkeypatch.chdir(tmp_path)
    torch.save({"extra_state": Trap(), "optimizer_history": [{"num_updates": 3}]}, "c.pt")
    assert checkpoints.describe(tmp_path / "c.pt") is None
    with pytest.raises(pickle.UnpicklingError):
        checkpoints.read_checkpoint(tmp_path / "c.pt")
    assert not (tmp_path / "ran").exists()


def test_a_training_folder_from_elsewhere_runs_nothing(tmp_path, monkeypatch):
    """A training that finds such checkpoints begins anew; also where torch is told to be less careful."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    words = training()(tmp_path)
    (tmp_path / "training").mkdir()
    state = {"model": {}, "extra_state": {"x": Trap()}, "optimizer_history": [{"num_updates": 1}]}
    for name in ("checkpoint_last.pt", "checkpoint_best.pt"):
        torch.save(state, tmp_path / "training" / name)
    train_baseline.main(words)
    assert not (tmp_path / "ran").exists()
    assert SystemFolder.read(tmp_path / "system").training["updates"] == 2


def test_every_loader_is_restricted():
    """torch.load by weights_only=True, np.load by allow_pickle=False; one module unpickles, by a list."""
    loaders = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in loaders:
                option, value = loaders[name]
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert given.get(option) == str(value), f"{path}:{node.lineno}: {name} unrestricted"
                found.add((name, path.name))
            assert not name.startswith(("pickle.load", "joblib.", "marshal.", "shelve.")), path
            assert name not in ("yaml.load", "eval", "exec", "checkpoint_utils.load_checkpoint_to_cpu"), path
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
                assert "pickle" not in modules or path.name == "foreign_pickle.py", path
    assert {name for name, _ in found} == set(loaders)
