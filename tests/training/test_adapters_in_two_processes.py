"""Two real processes whose batches use other adapters: they train what one process does."""

import json

import pytest
from safetensors.torch import load_file

from tests.training.several import train
from tests.training.toy_world import DIRECTIONS, HALVES, baseline_arguments, finetune_arguments
from workflow_scripts.train.finetune import main

#: A row of its own for each direction: in most updates the two processes have different ones.
METHOD = {"adapters": {"kind": "lora", "size": 2, "rows": {name: name for name in DIRECTIONS}}}


def test_rows_of_other_processes_are_trained_too(world, tmp_path):
    from workflow_scripts.train.train_baseline import main as train_baseline

    parent = tmp_path / "baseline"
    train_baseline(baseline_arguments(world, tmp_path / "training", parent, max_updates=8))
    settings = {**HALVES, "max_updates": 6, "validate_interval_updates": 6, "lr": 0.01, "dropout": 0.0}
    found = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        command = finetune_arguments(world, parent, None, folder / "training", folder / "out", **settings)
        command.append(f"--method={json.dumps(METHOD)}")
        if processes == 1:
            main(command)
        else:
            ended = train("workflow_scripts.train.finetune", [command] * 2, folder)
            assert [one.status for one in ended] == [0, 0], ended
        found.append(load_file(folder / "out/adapters.safetensors"))
    one, two = found
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        assert tensor.flatten().tolist() == pytest.approx(two[name].flatten().tolist(), abs=1e-4), name
    moved = {name.split(".")[0] for name, tensor in two.items() if name.endswith("up") and tensor.any()}
    assert moved == set(DIRECTIONS)
