"""Train an encoder on several tasks, and keep the checkpoint whose held-out metrics are best.

Every so many updates each task is measured by its metric on the examples that choose; the checkpoint with the
highest mean over tasks is the system (Li et al. 2023 take the sum). With important heads (IAT) each task goes
on with the heads alone that matter to it, and only checkpoints of that part are chosen from. A metric that is
undefined, such as that of a model which gives one class, counts as the worst.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workflow_scripts.common.checked_options import json_object, named_once
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import write_json
from workflow_scripts.common.task_tables import TEST, TRAIN, VALID
from workflow_scripts.models.huggingface.encoders.port import EncoderPort
from workflow_scripts.models.huggingface.encoders.system import write_system
from workflow_scripts.models.huggingface.encoders.tasks import ExampleTask
from workflow_scripts.models.huggingface.encoders.training import Training, TrainingSettings
from workflow_scripts.models.port import load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.train.important_heads import MAX_TOKENS, ImportantHeads
from workflow_scripts.units.system import SystemFolder

FORMAT = "neuronspec-task-training-1"
SETTINGS = {"max_updates": 1000, "lr": 2e-5, "examples": 32}
IMPORTANT = {"heads": "30%", "from_share": 0.9}
#: What chooses a checkpoint, where a metric is undefined.
UNDEFINED = -math.inf


def measured(port: EncoderPort, tasks: Sequence[ExampleTask]) -> dict[str, dict[str, Any]]:
    """Return task → ``metric``, ``value`` (None where it is undefined) and ``n``, by its own metric."""
    found = {}
    for task in tasks:
        one = port.measure(port.batches(task, MAX_TOKENS))
        value = None if math.isnan(one.value) else one.value
        found[task.name] = {"metric": one.metric, "value": value, "n": one.n}
    return found


def mean_of(metrics: Mapping[str, Mapping[str, Any]]) -> float:
    """Return the mean metric over tasks, ``UNDEFINED`` where that of a task is."""
    values = [one["value"] for one in metrics.values()]
    return UNDEFINED if None in values else sum(values) / len(values)


class Chooser:
    """Keeps the best checkpoint, on the CPU. ``checks``: what was measured, in order."""

    def __init__(self, port: EncoderPort, valid: Sequence[ExampleTask]) -> None:
        self._port, self._valid = port, valid
        self.checks: list[dict[str, Any]] = []
        self._best: tuple[float, int, dict[str, Tensor]] | None = None

    def look(self, updates: int, eligible: bool = True) -> None:
        """Measure the network after so many updates; keep it where it is the best that is ``eligible``."""
        metrics = measured(self._port, self._valid)
        mean = mean_of(metrics)
        values = {name: one["value"] for name, one in metrics.items()}
        self.checks.append({"updates": updates, "valid": values, "mean": mean if mean > UNDEFINED else None})
        # Of equal ones the first: it has learned least by heart.
        if eligible and (self._best is None or mean > self._best[0]):
            kept = {name: one.detach().cpu().clone() for name, one in self._port.model.state_dict().items()}
            self._best = mean, updates, kept

    def take(self) -> int:
        """Put the best checkpoint back into the network; return its updates."""
        assert self._best is not None, "no checkpoint was looked at"
        _, updates, kept = self._best
        self._port.model.load_state_dict(kept)
        return updates


def train_chosen(
    port: EncoderPort,
    train: Sequence[ExampleTask],
    valid: Sequence[ExampleTask],
    settings: TrainingSettings,
    check_every: int,
    important: ImportantHeads | None = None,
) -> dict[str, Any]:
    """Train a port's network, in place, to the best of its checkpoints. Return ``losses`` (of an example,
    each update), ``checks``, ``chosen`` (updates), and with important heads ``masks`` and ``from``.

    ``valid``: the examples that choose. ``check_every``: updates between two looks; after the last one there
    always is one. UserError as ``Training``, and where a part of the training has no update.
    """
    if check_every < 1:
        raise UserError(f"check_every is {check_every}, not at least 1")
    most = settings.max_updates
    begin = most if important is None else important.first_update(most)
    training, chooser = Training(port, train, settings), Chooser(port, valid)
    found: dict[str, Any] = {"losses": []}
    for until in sorted({*range(check_every, most, check_every), begin, most}):
        masks = None
        if important is not None and training.updates >= begin:
            if "masks" not in found:
                found |= {"masks": important.masks(port, train, settings.seed), "from": begin}
            masks = found["masks"]
        found["losses"] += training.run(until, masks)
        chooser.look(until, eligible=important is None or until > begin)
    return found | {"checks": chooser.checks, "chosen": chooser.take()}


def _known(kind: type[Any], option: str, text: str, example: dict[str, Any], *without: str) -> dict[str, Any]:
    """Return the settings that an option gives; UserError for one that there is not."""
    known = [field.name for field in fields(kind) if field.name not in without]
    given = json_object(option, text, example, lambda _: True)
    for name in given:
        if name not in known:
            raise UserError(f"--{option}: no setting {name!r}{nearest(name, known)}")
    return given


def main(argv: list[str] | None = None) -> None:
    """Train a system of an encoder and write it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--parent", type=Path, required=True, help="system folder of the encoder")
    parser.add_argument("--data", type=Path, required=True, help="folder of PART/TASK.jsonl (prepare_tasks)")
    parser.add_argument("--tasks", nargs="+", required=True, help="of the parent's")
    parser.add_argument("--system", required=True, help="name of the new system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settings", default="{}", help=f"JSON, such as {SETTINGS}")
    parser.add_argument("--check-every", type=int, default=100, help="updates between two checkpoints")
    parser.add_argument("--important-heads", help=f"JSON: train these at the end, such as {IMPORTANT}")
    parser.add_argument("--out", type=Path, required=True, help="system folder to write")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    named_once("tasks", arguments.tasks)
    given = _known(TrainingSettings, "settings", arguments.settings, SETTINGS, "seed")
    settings = TrainingSettings(**{**SETTINGS, **given}, seed=arguments.seed)
    important = None
    if arguments.important_heads is not None:
        important = ImportantHeads(
            **_known(ImportantHeads, "important-heads", arguments.important_heads, IMPORTANT)
        )
    parent = SystemFolder.read(arguments.parent)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    port = load(parent, device)
    if not isinstance(port, EncoderPort):
        raise UserError(f"{arguments.parent}: {parent.system!r} is no encoder; tasks are learned by one")
    opened = {
        part: [port.task(arguments.data, part, name) for name in arguments.tasks]
        for part in (TRAIN, VALID, TEST)
        if part != TEST or all((arguments.data / TEST / f"{one}.jsonl").is_file() for one in arguments.tasks)
    }
    made = train_chosen(port, opened[TRAIN], opened[VALID], settings, arguments.check_every, important)
    system = write_system(
        port,
        arguments.parent,
        arguments.out,
        system=arguments.system,
        seed=arguments.seed,
        parent={"system": parent.system, "weights_sha256": parent.weights_sha256},
        training={"updates": made["chosen"], "method": "tasks" if important is None else "important heads"},
    )
    record: dict[str, Any] = {
        "format": FORMAT,
        "system": arguments.system,
        "seed": arguments.seed,
        "tasks": arguments.tasks,
        "chosen": made["chosen"],
        "checks": made["checks"],
        "metrics": {part: measured(port, opened[part]) for part in opened if part != TRAIN},
        "losses": made["losses"],
        "cut": {part: {one.name: one.cut for one in tasks} for part, tasks in opened.items()},
        "weights_sha256": system.weights_sha256,
    }
    if important is not None:
        masks = made["masks"]
        kept = {name: masks.row(name).nonzero()[0].tolist() for name in masks.rows}
        record |= {"important_from": made["from"], "important_heads": _named(masks.space, kept)}
    write_json(arguments.out / "training.json", record)


def _named(space: Any, kept: Mapping[str, Sequence[int]]) -> dict[str, list[str]]:
    located = {name: [space.locate(one) for one in heads] for name, heads in kept.items()}
    return {name: [f"{key}:{index}" for key, index in heads] for name, heads in located.items()}


if __name__ == "__main__":
    run_main(main)
