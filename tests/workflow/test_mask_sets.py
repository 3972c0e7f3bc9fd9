"""Mask sets and systems that are not trained: the commands of one dry run."""

from __future__ import annotations

import json

import pytest

from tests.workflow.test_job_counts import TINY, jobs, lay_down_text, snakemake

FOUR = {
    "out": {"encoder": "all", "decoder": "mass:90"},
    "into": {"encoder": "mass:80", "decoder": "all"},
}
CONFIG = {
    **TINY,
    "masks": {
        "k": [95],
        "sets": {
            "enc.top": {"select": "top:30%@model", "stacks": ["encoder"]},
            "four": {"select": FOUR},
            "chance": {"like": "enc.top", "rows": "random", "draws": 2},
            "families": {"like": "four", "rows": "merged", "by": "family"},
            "swapped": {"like": "k95", "rows": "swapped", "pairs": {"de-en": "fr-en"}},
        },
    },
    "groups": {"family": {"west": ["de"], "south": ["fr"]}},
    "systems": {
        "continued": {"masks": "all"},
        "pruned": {"masks": "enc.top", "train": "none"},
        "chance": {"masks": "chance-2", "train": "finetune"},
    },
    "train": {"seeds": [3]},
}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("mask_sets")
    lay_down_text(folder)
    result = snakemake(folder, CONFIG, "-n", "-p")
    found = jobs(result)
    # k95, all, enc.top, four, two draws, families, swapped.
    assert (found["select_masks"], found["use_masks"], found["finetune"], found["decode"]) == (8, 1, 2, 16)
    ran = (line.partition("run-in ") for line in result.stdout.splitlines())
    return [command.replace("results/tiny/", "") for _, there, command in ran if there]


MASKS = "masks/baseline/s3"
TRAINED = "--directions en-de en-fr de-en fr-en"
BY_SCORE = f"--activations-root activations/baseline/s3/valid {TRAINED}"
SETS = {
    "k95": f"{BY_SCORE} --select mass:95",
    "all": f"{BY_SCORE} --select all",
    "enc.top": f"{BY_SCORE} --select top:30%@model --stacks encoder",
    "four": f"{BY_SCORE} --select '{json.dumps(FOUR, sort_keys=True)}' --pivot en",
    "chance-1": f"--like {MASKS}/enc.top.npz {TRAINED} --rows random --draw 1 --seed 3",
    "chance-2": f"--like {MASKS}/enc.top.npz {TRAINED} --rows random --draw 2 --seed 3",
    "families": f"--like {MASKS}/four.npz {TRAINED} --rows merged --by family"
    ' --families \'{"de": "west", "fr": "south"}\'',
    "swapped": f'--like {MASKS}/k95.npz {TRAINED} --rows swapped --pairs \'{{"de-en": "fr-en"}}\'',
}


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_selected_as_its_config_says(name: str, commands: list[str]) -> None:
    out = f" --out {MASKS}/{name}.npz > "
    (command,) = [line.partition(out)[0] for line in commands if out in line]
    assert command == f"text workflow_scripts.select.select_masks {SETS[name]}"


def test_a_system_that_is_not_trained_has_the_weights_of_the_baseline(commands: list[str]) -> None:
    wanted = "text workflow_scripts.train.use_masks --system pruned --parent systems/baseline/s3 --masks"
    (made,) = [line for line in commands if line.startswith(wanted)]
    assert f" --masks {MASKS}/enc.top.npz --out systems/pruned/s3 " in made
    trained = [line for line in commands if "train.finetune --system chance " in line]
    assert [f" --masks {MASKS}/chance-2.npz " in line for line in trained] == [True]
    decoded = [line for line in commands if "/pruned/s3/news/en-fr.txt" in line and "decode" in line]
    assert any('--system "$(dirname systems/pruned/s3/system.json)"' in line for line in decoded)
