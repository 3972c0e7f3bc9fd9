"""What jobs are told of the config, by their commands in a dry run: seeds, whom a system is compared with."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import pytest

from tests.workflow.test_job_counts import TINY, lay_down_text, snakemake


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """The words of every job's command, by module."""
    folder = tmp_path_factory.mktemp("experiment")
    lay_down_text(folder)
    config = {
        **TINY,
        "subwords": {"seed": 5, "vocab_size": 100},
        "train": {"seeds": [3, 4]},
        "analysis": {"mask_control_k": 70},
        "evaluation": {"significance": {"seed": 7, "resamples": 2000}},
    }
    done = snakemake(folder, config, "-n", "--printshellcmds")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[list[str]]] = {}
    for module, rest in re.findall(
        r"run-in \w+ workflow_scripts\.(?:\w+\.)+(\w+) (.*?)(?: >>? \S+ 2>&1)?$", done.stdout, re.MULTILINE
    ):
        found.setdefault(module, []).append(shlex.split(rest))
    return found


def after(option: str, words: list[str]) -> list[str]:
    """What stands behind each of an option's places."""
    return [word for name, word in pairwise(words) if name == option]


def test_every_system_is_compared_with_the_baseline_and_the_control(
    commands: dict[str, list[list[str]]],
) -> None:
    asked = {(after("--system", words)[0], after("--seed", words)[0]): words for words in commands["compare"]}
    both = ["baseline", "continued"]
    expected = {"continued": ["baseline"], "ns-k70": both, "ns-k95": both}
    assert {job: after("--against", words) for job, words in asked.items()} == {
        (system, seed): others for system, others in expected.items() for seed in ("3", "4")
    }
    for (_, seed), words in asked.items():
        assert (after("--random-seed", words), after("--resamples", words)) == (["7"], ["2000"])
        # Each name stands before its own file.
        others = after("--against", words)
        files = [words[place + 2] for place, word in enumerate(words) if word == "--against"]
        assert files == [f"results/tiny/scores/{other}/s{seed}/news.raw.segments.npz" for other in others]


def test_seeds_are_the_configs(commands: dict[str, list[list[str]]]) -> None:
    assert [after("--seed", words) for words in commands["train_subwords"]] == [["5"]]
    for module in ("train_baseline", "finetune", "score", "mask_control"):
        assert {tuple(after("--seed", words)) for words in commands[module]} == {("3",), ("4",)}


def test_nothing_of_one_seed_is_used_for_another(commands: dict[str, list[list[str]]]) -> None:
    """Parents, masks and counts lie in folders of seeds."""
    files = {
        "finetune": ("--parent", "--masks", "--folder", "--out"),
        "mask_control": ("--system", "--masks", "--out"),
    }
    for module, options in files.items():
        for words in commands[module]:
            [seed] = after("--seed", words)
            for option in options:
                [path] = after(option, words)
                assert re.findall(r"/s(\d+)(?=/|$)", path) == [seed], (module, option, path)
    for words in commands["decode"]:
        paths = [word for word in words if re.search(r"/s\d+(/|$)", word)]
        assert len(paths) >= 2
        assert len({tuple(re.findall(r"/s(\d+)(?=/|$)", path)) for path in paths}) == 1, words
