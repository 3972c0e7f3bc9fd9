"""An encoder's folder: as the library or a hub has it, without heads or with one, or as it is saved here,
with a head for each task."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import torch
import transformers
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.models.huggingface.encoders.families import EncoderFamily, encoder_family
from workflow_scripts.models.huggingface.encoders.network import Encoder
from workflow_scripts.models.huggingface.encoders.tasks import TaskSpec
from workflow_scripts.models.huggingface.families import activation_of, places_of
from workflow_scripts.models.huggingface.folder import (
    AGAIN,
    check_numbers,
    fitting,
    made_config,
    read_configs,
    read_weights,
)
from workflow_scripts.models.huggingface.model_files import CONFIG, FILES
from workflow_scripts.models.huggingface.sites import with_own_layers
from workflow_scripts.models.weights import save_tensors

WEIGHTS, TASKS = "model.safetensors", "tasks.json"
FORMAT = "neuronspec-encoder-tasks-1"
HEADS = "heads."
#: Of other tasks than a head's, and what older files hold of positions: not computed with.
LEFT_OUT = ("cls.", "lm_head.", "embeddings.position_ids", "embeddings.token_type_ids")
#: Names of the first published files → those of today.
OLDER = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
#: A library's head → ours: of BERT the second layer alone is in the head, its first one is the pooler.
CLASSIFIER = {
    "classifier.dense.": "dense.",
    "classifier.out_proj.": "out.",
    "classifier.": "out.",
    "pooler.dense.": "dense.",
}


@dataclass
class Parts:
    """A file's tensors by what they are of: the encoder, a head of each task (``TASK.dense.weight``), the
    library's one head (``dense.weight``)."""

    encoder: dict[str, Tensor] = field(default_factory=dict)
    heads: dict[str, Tensor] = field(default_factory=dict)
    classifier: dict[str, Tensor] = field(default_factory=dict)


def parts_of(tensors: Mapping[str, Tensor], family: EncoderFamily) -> Parts:
    """Sort a file's tensors, under any of the names that they have there."""
    found = Parts()
    for name, one in tensors.items():
        name = name.removeprefix(family.prefix)
        for old, new in OLDER.items():
            name = name.replace(old, new)
        begins = next((begin for begin in CLASSIFIER if name.startswith(begin)), None)
        if name.startswith(HEADS):
            found.heads[name.removeprefix(HEADS)] = one
        elif begins is not None:
            found.classifier[CLASSIFIER[begins] + name.removeprefix(begins)] = one
        elif not name.startswith(LEFT_OUT):
            found.encoder[name] = one
    return found


def load_encoder(folder: Path, tasks: Sequence[TaskSpec], seed: int = 1) -> tuple[Encoder, EncoderFamily]:
    """Return a folder's network in eval mode, float32, on the CPU, with a head for each task.

    Heads that the folder has of these tasks are taken. The library's one head is that of the only task, if it
    has as many outputs. Other heads are drawn by the ``seed``, their first layer that of the pooler where
    there is one. UserError: another family, weights that are missing, of another shape or of no such network,
    a head of a task with other outputs.
    """
    values, tokenizer = read_configs(folder)
    family = encoder_family(values, tokenizer, str(folder))
    kind = getattr(transformers, family.model)
    config = made_config(values, family, folder)
    activation_of(family, config, str(folder / CONFIG))
    parts = parts_of(read_weights(folder), family)
    check_numbers({**parts.encoder, **parts.heads, **parts.classifier}, folder)
    # Initial weights are drawn first: the caller's random state stays as it is.
    # Some values are checked only as the layers are made.
    with torch.random.fork_rng(devices=[]), fitting(family, folder):
        encoder = kind(config, add_pooling_layer=False)
        network = Encoder(encoder, {one.name: one.outputs for one in tasks})
    _take(network.encoder, parts.encoder, "", folder)
    _take_heads(network, parts, tasks, seed, folder)
    with_own_layers(network, places_of(family, config))
    return network.eval(), family


def _take_heads(network: Encoder, parts: Parts, tasks: Sequence[TaskSpec], seed: int, folder: Path) -> None:
    first = {key.removeprefix("dense."): one for key, one in parts.classifier.items() if "dense." in key}
    network.initialise(seed, first)
    saved = read_tasks(folder)
    for task in tasks:
        own = {key: one for key, one in parts.heads.items() if key.startswith(f"{task.name}.")}
        if own:
            if saved.get(task.name, task.labels) != task.labels:
                raise UserError(
                    f"{folder / TASKS}: task {task.name!r} has the labels {', '.join(saved[task.name])}, not"
                    f" {', '.join(task.labels)}"
                )
            _take(network.heads[task.name], own, f"{task.name}.", folder)
    bias = parts.classifier.get("out.bias")
    if not parts.heads and len(tasks) == 1 and bias is not None and len(bias) == tasks[0].outputs:
        _take(network.heads[tasks[0].name], parts.classifier, "", folder)


def _take(module: nn.Module, tensors: Mapping[str, Tensor], prefix: str, folder: Path) -> None:
    """Copy tensors, whose names begin with ``prefix``, into a module; UserError where they do not fit."""
    own = module.state_dict()
    there = {name.removeprefix(prefix): one for name, one in tensors.items()}
    for name in sorted(own.keys() - there.keys()):
        raise UserError(f"{folder}: tensor {prefix}{name} is missing in its weights; {AGAIN}")
    for name in sorted(there.keys() - own.keys()):
        raise UserError(f"{folder}: tensor {prefix}{name} is not part of this model{nearest(name, own)}")
    for name, one in own.items():
        if one.shape != there[name].shape:
            raise UserError(
                f"{folder}: tensor {prefix}{name} is {tuple(there[name].shape)}, {CONFIG} needs"
                f" {tuple(one.shape)}; are the two of one model?"
            )
    module.load_state_dict(there)


def read_specs(folder: Path) -> list[TaskSpec]:
    """Return the tasks whose heads a folder has, as far as it says; UserError for another file."""
    if not (folder / TASKS).is_file():
        return []
    value: Any = read_json(folder / TASKS)
    try:
        if value["format"] != FORMAT:
            raise ValueError
        return [TaskSpec(name, tuple(one["labels"]), one["metric"]) for name, one in value["tasks"].items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{folder / TASKS}: not the tasks of an encoder ({FORMAT}); save the model again"
        ) from None


def read_tasks(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the labels of each task whose head a folder has, as far as it says."""
    return {one.name: one.labels for one in read_specs(folder)}


def save_encoder(
    network: Encoder, family: EncoderFamily, tasks: Sequence[TaskSpec], base: Path, out: Path
) -> None:
    """Write a network to ``out``, with the configuration and the tokenizer of ``base``. The encoder's tensors
    have the library's names, so it opens the folder, too. UserError where the two are one folder."""
    if out.resolve() == base.resolve():
        raise UserError(f"{out}: is the model's own folder; name another one")
    out.mkdir(parents=True, exist_ok=True)
    tensors = {family.prefix + name: one for name, one in network.encoder.state_dict().items()}
    tensors |= {HEADS + name: one for name, one in network.heads.state_dict().items()}
    save_tensors(tensors, out / WEIGHTS)
    for name in FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, out / name)
    described = {one.name: {"labels": list(one.labels), "metric": one.metric} for one in tasks}
    write_json(out / TASKS, {"format": FORMAT, "tasks": described})
