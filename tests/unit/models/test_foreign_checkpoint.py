"""Checkpoints of ordinary recipes are read, nothing of them runs, and settings become plain values."""

from __future__ import annotations

import argparse
import enum
import os
import pickle
import subprocess
from collections import defaultdict, deque
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.foreign_checkpoint import Stub, load_foreign, plain


class Choice(enum.Enum):
    SECOND = "second"


class Meter:
    """A class of a plug-in."""

    def __init__(self, value: float) -> None:
        self.value = value


class Meters(dict[str, int]):
    """A dict of a plug-in's own kind."""


class Calls:
    """A pickle of it calls a function when it is loaded without restriction."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.made = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.made


def shout(mark: str) -> None:
    """A function of a library that is not of the standard one."""
    Path(mark).touch()


def saved(folder: Path, value: Any) -> Path:
    torch.save(value, folder / "c.pt")
    return folder / "c.pt"


def test_what_recipes_store_is_read(tmp_path):
    value = {
        "model": {"weight": torch.ones(2)},
        "extra_state": {
            "scalar": np.float64(2.5),
            "flag": np.bool_(True),
            "array": np.arange(4, dtype="i4"),
            "path": Path("runs/a"),
            "counts": defaultdict(list, {"k": [1]}),
            "last": deque([1, 2], maxlen=2),
            "time": timedelta(seconds=3),
            "schedule": partial(int, "3"),
            "plug-in": Meter(1.5),
            "choice": Choice.SECOND,
            "state": np.random.RandomState(1),
        },
    }
    read = load_foreign(saved(tmp_path, value))
    assert read["model"]["weight"].tolist() == [1, 1]
    state = read["extra_state"]
    assert (state["scalar"], state["flag"], state["array"].tolist()) == (2.5, True, [0, 1, 2, 3])
    assert (str(state["path"]), state["counts"], state["last"]) == ("runs/a", {"k": [1]}, [1, 2])
    for name in ("time", "schedule", "plug-in", "choice", "state"):
        assert type(state[name]) is Stub, name
    assert state["plug-in"].state == {"value": 1.5}


def test_the_form_of_torch_before_1_6_too(tmp_path):
    value = {
        "model": {"weight": torch.ones(2)},
        "n": np.float64(2.5),
        "a": Meter(1),
        "b": OmegaConf.create([1]),
    }
    torch.save(value, tmp_path / "c.pt", _use_new_zipfile_serialization=False)
    read = load_foreign(tmp_path / "c.pt")
    assert (read["model"]["weight"].tolist(), read["n"], plain(read["b"])) == ([1, 1], 2.5, [1])
    assert read["a"].state == {"value": 1}
    torch.save(value | {"run": Calls(open, "ran")}, tmp_path / "c.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(UserError, match=r"asks for io\.open"):
        load_foreign(tmp_path / "c.pt")


def test_settings_become_plain_values(tmp_path):
    model = OmegaConf.create({"layers": 2, "langs": ["de", "en"], "none": None, "in": {"rate": 0.5}})
    value = {
        "omegaconf": model,
        "namespace": argparse.Namespace(
            dropout=np.float64(0.25), betas=(np.float32(0.5), 1), where=Path("a/b")
        ),
        "another namespace": SimpleNamespace(lr=[np.float64(0.5)]),
        "choice": [Choice.SECOND],
        "array": np.ones(2),
        "default": defaultdict(int, {"a": 1}),
    }
    assert plain(load_foreign(saved(tmp_path, value))) == {
        "omegaconf": {"layers": 2, "langs": ["de", "en"], "none": None, "in": {"rate": 0.5}},
        "namespace": {"dropout": 0.25, "betas": (0.5, 1), "where": "a/b"},
        "another namespace": {"lr": [0.5]},
        "choice": ["second"],
        "array": [1.0, 1.0],
        "default": {"a": 1},
    }


def test_settings_that_hold_themselves():
    value: dict[str, Any] = {"a": 1}
    value["self"] = value
    assert plain(value)["self"]["self"]["a"] == 1


def test_a_dict_of_a_librarys_own_kind_is_told_from_damage(tmp_path):
    with pytest.raises(UserError, match=r"cannot stand in for: load it with torch and save 'model', 'args'"):
        load_foreign(saved(tmp_path, {"model": {}, "extra_state": Meters(a=1)}))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (Calls(open, "ran", "w"), "io.open"),
        (Calls(subprocess.Popen, ["touch", "ran"]), "subprocess.Popen"),
        (Calls(eval, "open('ran', 'w')"), "eval"),
        (Calls(shout, "ran"), f"{__name__}.shout"),
        (Calls(np.save, "ran", np.ones(1)), "numpy.save"),
        (Calls(torch.save, {}, "ran"), "torch.serialization.save"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_would_run_something_is_refused_anywhere(tmp_path, monkeypatch, call, name):
    monkeypatch.chdir(tmp_path)
    value = {"model": {}, "extra_state": {"metrics": [np.float64(1), call]}}
    path = saved(tmp_path, value)
    with pytest.raises(
        UserError, match=rf"it asks for {name}, which no checkpoint of fairseq needs: do not use"
    ):
        load_foreign(path)
    assert sorted(tmp_path.iterdir()) == [path]
    # In truth it runs: an ordinary unpickler shows it.
    running = pickle.loads(pickle.dumps(call))
    if isinstance(running, subprocess.Popen):
        running.wait()
    assert any(one.name.startswith("ran") for one in tmp_path.iterdir())


def test_a_function_inside_a_harmless_object_is_refused(tmp_path):
    with pytest.raises(UserError, match=rf"it asks for {os.name}\.system, which no checkpoint"):
        load_foreign(saved(tmp_path, {"model": {}, "extra_state": partial(os.system, "touch ran")}))


def test_a_stub_runs_nothing_of_the_class_it_stands_for(tmp_path, monkeypatch):
    """A class of a library is not even imported."""
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path, {"a": Calls(Meter, 2.0)})
    monkeypatch.setattr(Meter, "__init__", lambda self, value: Path("ran").touch())
    read = load_foreign(path)["a"]
    assert (type(read), read.arguments) == (Stub, (2.0,))
    assert not Path("ran").exists()
