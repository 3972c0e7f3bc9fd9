"""Encoders as systems, and the checkpoint that is chosen: by hand, and by the command lines of stages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.unit.models.huggingface.encoders.planted import planted_examples, planted_port, spec_of
from workflow_scripts.analyse.heads import prune_tasks
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.task_tables import FORMAT
from workflow_scripts.models.huggingface import attach_model
from workflow_scripts.models.huggingface.encoders.port import EncoderPort
from workflow_scripts.models.port import load
from workflow_scripts.train import train_encoder
from workflow_scripts.train.train_encoder import Chooser, mean_of
from workflow_scripts.units.space import UnitGroup
from workflow_scripts.units.system import SystemFolder

TASKS = ("colour", "place")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The folder of prepared examples, and what is known of each task."""
    folder = tmp_path_factory.mktemp("tasks")
    for name in TASKS:
        for seed, part in enumerate(("train", "valid", "test")):
            planted_examples(name, 24, seed).write(folder / part / f"{name}.jsonl")
        spec = spec_of(name)
        known = {"format": FORMAT, "task": name, "labels": list(spec.labels), "metric": spec.metric}
        (folder / f"{name}.json").write_text(json.dumps(known))
    return folder


@pytest.fixture(scope="module")
def baseline(planted, data, tmp_path_factory):
    """The planted encoder as a system with untrained heads."""
    out = tmp_path_factory.mktemp("systems") / "baseline"
    tables = [str(data / f"{name}.json") for name in TASKS]
    attach_model.main(
        ["--model", str(planted), "--tables", *tables, "--longest", "16", "--seed", "2", "--out", str(out)]
    )
    return out


def test_an_encoder_is_a_system_with_tasks_in_the_place_of_directions(baseline):
    system = SystemFolder.read(baseline)
    assert system.directions == TASKS and system.languages == () and system.text == {"longest": 16}
    assert not system.is_language_model
    port = load(system, "cpu")
    assert isinstance(port, EncoderPort) and port.text.longest == 16
    assert {name: one.metric for name, one in port.tasks.items()} == {"colour": "accuracy", "place": "f1"}
    # The units that its description says are those that it has.
    assert system.space_of(["ffn", "head"]) == port.space(["ffn", "head"])
    assert port.space(["head"]).groups[1] == UnitGroup("encoder.1.self", "head", "encoder", 1, 4)
    with pytest.raises(UserError, match="has no direction 'colours'; it has colour, place"):
        system.mask_row("colours")


def test_the_best_checkpoint_is_taken_the_first_of_equal_ones(planted):
    """The planted heads do both tasks. Without its head a task is done as by chance; with its sign turned
    never."""
    port = planted_port(planted, list(TASKS))
    chooser = Chooser(port, [port.examples(name, planted_examples(name, 40, 2)) for name in TASKS])
    right = {name: one.clone() for name, one in port.model.heads.state_dict().items()}
    turned = {name: -one if "out" in name else one for name, one in right.items()}
    for updates, state in ((10, turned), (20, right), (30, right), (40, turned)):
        port.model.heads.load_state_dict(state)
        chooser.look(updates)
    assert [one["mean"] for one in chooser.checks] == [0.0, 1.0, 1.0, 0.0]
    assert chooser.take() == 20
    assert all(torch.equal(one, right[name]) for name, one in port.model.heads.state_dict().items())
    # What is not eligible is measured and never taken.
    later = Chooser(port, [port.examples("colour", planted_examples("colour", 40, 2))])
    later.look(1, eligible=False)
    port.model.heads.load_state_dict(turned)
    later.look(2)
    assert later.take() == 2 and [one["mean"] for one in later.checks] == [1.0, 0.0]


def test_an_undefined_metric_is_the_worst():
    assert mean_of({"a": {"value": 0.5}, "b": {"value": -1.0}}) == -0.25
    assert mean_of({"a": {"value": 1.0}, "b": {"value": None}}) == float("-inf")


def train(data: Path, parent: Path, out: Path, *more: str) -> dict:
    settings = {"max_updates": 20, "lr": 0.003, "examples": 8}
    words = ["--parent", parent, "--data", data, "--tasks", *TASKS, "--seed", 3, "--out", out]
    words += ["--settings", json.dumps(settings), "--check-every", 8, *more]
    train_encoder.main(list(map(str, words)))
    return json.loads((out / "training.json").read_text())


def test_training_and_pruning_by_command_lines(data, baseline, tmp_path):
    plain = train(data, baseline, tmp_path / "trained", "--system", "trained")
    assert [one["updates"] for one in plain["checks"]] == [8, 16, 20] and len(plain["losses"]) == 20
    assert plain["metrics"]["test"]["place"]["n"] == 24 and plain["cut"]["train"]["place"] == 0
    system = SystemFolder.read(tmp_path / "trained")
    assert system.parent == {
        "system": "baseline",
        "weights_sha256": SystemFolder.read(baseline).weights_sha256,
    }
    assert system.training == {"updates": plain["chosen"], "method": "tasks"}
    names = ["--important-heads", '{"heads": "1", "from_share": 0.5}', "--system", "important_heads"]
    important = train(data, baseline, tmp_path / "important", *names)
    # 10 updates of all heads, in which nothing is chosen; then of the planted head of each task alone.
    assert [one["updates"] for one in important["checks"]] == [8, 10, 16, 20]
    assert important["important_from"] == 10 and important["chosen"] in (16, 20)
    assert important["important_heads"] == {"colour": ["encoder.0.self:0"], "place": ["encoder.0.self:1"]}
    assert important["losses"][:10] == plain["losses"][:10] and important["losses"] != plain["losses"]

    out = [f"--out-{form}" for form in ("json", "csv", "markdown")]
    files = [str(tmp_path / f"pruned.{ending}") for ending in ("json", "csv", "md")]
    words = ["--system", str(tmp_path / "trained"), "--data", str(data), "--tasks", *TASKS, "--sizes", "1"]
    words += ["--subset", "test", "--score-examples", "20", "--max-examples", "10", "--permutations", "5"]
    prune_tasks.main([*words, *(word for both in zip(out, files, strict=True) for word in both)])
    pruned = json.loads(Path(files[0]).read_text())
    assert pruned["pruned"]["place"]["1"] == ["encoder.0.self:1"]
    assert pruned["scored_sentences"] == {"colour": 20, "place": 20} and pruned["subset"] == "test"
    assert [one["n"] for one in pruned["task_metrics"].values()] == [10, 10]
    assert [one["sentences"] for one in pruned["texts"].values()] == [10, 10]
    assert pruned["weights_sha256"] == system.weights_sha256
    with pytest.raises(UserError, match="heads are scored on it"):
        prune_tasks.main(["--system", "x", "--data", "x", "--tasks", "a", "--sizes", "1", "--subset", "train",
                          "--out-json", "x", "--out-csv", "x", "--out-markdown", "x"])  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--settings", '{"lrr": 1}'], r"--settings: no setting 'lrr' \(did you mean 'lr'\?\)"),
        (["--important-heads", '{"head": "1"}'], r"no setting 'head' \(did you mean 'heads'\?\)"),
        (["--settings", '{"max_updates": 1}', "--important-heads", "{}"], "one of the two parts has none"),
        (["--tasks", "colour", "place", "colour"], "--tasks"),
    ],
)
def test_settings_that_there_are_not(words, said, data, baseline, tmp_path):
    required = ["--parent", baseline, "--data", data, "--system", "t", "--out", tmp_path / "t"]
    given = [*map(str, required), *([] if "--tasks" in words else ["--tasks", *TASKS]), *words]
    with pytest.raises(UserError, match=said):
        train_encoder.main(given)
    assert not (tmp_path / "t").exists()
