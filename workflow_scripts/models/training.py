"""Train one system: from data and settings to a system folder. The engine of train and specialize.

Inputs: a `TrainingPlan`. Outputs: `{folder}` (checkpoints, logs; may be resumed) and `{out}` (system.json,
weights, vocabulary, masks). Spec 2.2 and 3.4-3.6. fairseq's own training loop runs in this process.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import workflow_scripts.models.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq import checkpoint_utils, metrics, options, utils
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from fairseq.distributed import utils as distributed_utils
from fairseq.tasks import setup_task
from fairseq_cli import train as fairseq_train

from workflow_scripts.errors import UserError
from workflow_scripts.files import sha256_of
from workflow_scripts.models.architecture import Architecture
from workflow_scripts.models.artifact import save_system_weights
from workflow_scripts.models.memory import keep_freed_memory
from workflow_scripts.models.network import build_network
from workflow_scripts.models.progress import ProgressLog, log_to_stderr
from workflow_scripts.models.sampling import BY_DIRECTION
from workflow_scripts.models.settings import accumulation, settings_by_class, with_dropouts
from workflow_scripts.models.shards import check_training_data, training_files
from workflow_scripts.models.trainer import NeuronspecTrainer, forget_previous_training
from workflow_scripts.models.training_folder import LAST, TrainingFolder
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.retention import check_exported, reduce_to_weights, restore_weights
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

# Raise by hand when a change of the code makes trainings of the same settings incomparable.
TRAINING_VERSION = 1

BEST = "checkpoint_best.pt"


@dataclass(frozen=True)
class TrainingPlan:
    """All that one training needs. Paths may be relative.

    `architecture` as in system.json; `settings` complete (`complete_settings`); `masks` an .npz with a row
    for each direction or None; `initial_weights` a safetensors file or None (random by the seed); `data_bin`
    a folder, or several joined with ":", of which each epoch reads one.
    """

    system: str
    seed: int
    languages: list[str]
    directions: list[str]
    architecture: dict[str, Any]
    settings: dict[str, Any]
    text: dict[str, Any]
    data_bin: str
    dictionary: str
    subwords: str
    folder: str
    masks: str | None = None
    initial_weights: str | None = None
    parent: dict[str, Any] | None = None


def number_of_processes(settings: Mapping[str, Any]) -> int:
    """Return the processes of this training: torchrun's WORLD_SIZE, or one for each GPU that an update can be
    shared out to in whole batches."""
    if world := os.environ.get("WORLD_SIZE"):
        return int(world)
    return math.gcd(accumulation(settings, 1), max(torch.cuda.device_count(), 1))


def fingerprint_of(plan: TrainingPlan) -> dict[str, dict[str, Any]]:
    """Return the three classes of ARCHITECTURE rule 1; contents by SHA-256, no paths."""
    classes = settings_by_class(plan.settings, number_of_processes(plan.settings))
    files = training_files(plan.data_bin, plan.directions)
    classes["identity"] |= {
        "training_version": TRAINING_VERSION,
        "seed": plan.seed,
        "languages": plan.languages,
        "directions": plan.directions,
        "architecture": plan.architecture,
        "data": {name: sha256_of(path) for name, path in sorted(files.items())},
        "dictionary": sha256_of(plan.dictionary),
        # By row: a row added for a direction that is only evaluated must not restart the training.
        "masks": _mask_rows(plan) if plan.masks else None,
        "initial_weights": sha256_of(plan.initial_weights) if plan.initial_weights else None,
    }
    return classes


def _mask_rows(plan: TrainingPlan) -> dict[str, str]:
    table = MaskTable.read(str(plan.masks))
    return {direction: table.row_sha256(direction) for direction in plan.directions}


def fairseq_arguments(plan: TrainingPlan) -> list[str]:
    """Return fairseq's command line for a plan."""
    s = plan.settings
    gpu = torch.cuda.is_available()
    arguments: dict[str, Any] = {
        "arch": "transformer",  # a formality: the task builds the network from the plan
        "task": "neuronspec_translation",
        "plan": json.dumps(asdict(plan)),
        "seed": plan.seed,
        "save-dir": plan.folder,
        "criterion": "fused_label_smoothing",
        "label-smoothing": s["label_smoothing"],
        "optimizer": "adam",
        "adam-betas": f"({s['adam_betas'][0]}, {s['adam_betas'][1]})",
        "adam-eps": s["adam_eps"],
        "weight-decay": s["weight_decay"],
        "clip-norm": s["clip_norm"],
        "lr": s["lr"],
        "lr-scheduler": s["scheduler"],
        "warmup-updates": s["warmup_updates"],
        "max-tokens": s["max_tokens"],
        "max-tokens-valid": s["max_tokens"],
        "update-freq": accumulation(s, number_of_processes(s)),
        "distributed-world-size": number_of_processes(s),
        "max-update": s["max_updates"],
        "save-interval-updates": s["validate_interval_updates"],
        "validate-interval-updates": s["validate_interval_updates"],
        # Epochs differ in length with the data; validation by updates alone keeps runs comparable.
        "save-interval": 10**9,
        "validate-interval": 10**9,
        "keep-interval-updates": max(s["keep_checkpoints"], 1),
        "patience": s["patience"] or -1,
        "num-workers": s["data_workers"],
        "log-interval": s["log_interval"],
        "log-format": "none",
        "valid-subset": "valid",
        "required-batch-size-multiple": 8 if gpu else 1,
    }
    if s["scheduler"] == "polynomial_decay":
        arguments["total-num-update"] = s["max_updates"]
    if s["tensorboard"]:
        arguments["tensorboard-logdir"] = str(Path(plan.folder) / "tensorboard")
    flags = ["no-epoch-checkpoints", "skip-invalid-size-inputs-valid-test"]
    precision = s["precision"] if s["precision"] != "auto" else ("fp16" if gpu else "fp32")
    if precision == "fp16" and not gpu:
        raise UserError("precision fp16 in the training settings needs a GPU; use auto or fp32")
    flags += [] if precision == "fp32" else [precision]
    flags += [] if gpu else ["cpu", "distributed-no-spawn"]
    # Without GPUs fairseq would spawn no process at all; torchrun starts them, and nccl is not for CPUs.
    arguments["distributed-backend"] = "nccl" if gpu else "gloo"
    return [f"--{key}={value}" for key, value in arguments.items()] + [f"--{flag}" for flag in flags]


def _train(cfg: Any) -> None:
    """One process's training; fairseq calls it in each (a spawned one included)."""
    log_to_stderr()
    if cfg.distributed_training.distributed_rank:
        logging.disable(logging.INFO)  # one process speaks for all
    keep_freed_memory()
    metrics.reset()
    forget_previous_training()
    np.random.seed(cfg.common.seed)
    utils.set_torch_seed(cfg.common.seed)
    task = setup_task(cfg.task)
    settings = task.settings
    if settings["threads"]:
        torch.set_num_threads(settings["threads"])
    network = task.build_model(cfg.model)
    criterion = task.build_criterion(cfg.criterion)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    task.load_dataset("valid")
    progress = ProgressLog(settings["max_updates"], settings["log_interval"])
    processes = cfg.distributed_training.distributed_world_size
    batching = f"{settings['max_tokens']} tokens x {accumulation(settings, processes)} x {processes}"
    trainer = NeuronspecTrainer(cfg, task, network, criterion, batching, progress)
    _, epoch_itr = checkpoint_utils.load_checkpoint(cfg.checkpoint, trainer, disable_iterator_cache=True)
    logger.info(
        f"{task.plan['system']}: {parameters / 1e6:.1f} M parameters, {len(task.directions)} directions,"
        f" {len(epoch_itr)} batches an epoch, {torch.get_num_threads()} threads, {trainer.device}"
    )
    should_stop = trainer.get_num_updates() >= settings["max_updates"]
    while not should_stop:
        valid_losses, should_stop = fairseq_train.train(cfg, trainer, task, epoch_itr)
        if not should_stop:
            trainer.lr_step(epoch_itr.epoch, valid_losses[0])
            epoch_itr = trainer.get_train_iterator(
                epoch_itr.next_epoch_idx,
                load_dataset=task.has_sharded_data("train"),
                disable_iterator_cache=True,
            )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a fairseq checkpoint to the CPU with torch's restricted loader."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def updates_of(state: Mapping[str, Any]) -> int:
    """Return the number of updates after which a checkpoint was made."""
    return int(state["optimizer_history"][-1]["num_updates"])


def train_system(plan: TrainingPlan, out: str | Path) -> None:
    """Train (or resume, or find finished) and export the best checkpoint to the system folder `out`.

    Raises:
        UserError: missing data, masks with a mixed sampler, a folder that another process is writing.
    """
    log_to_stderr()
    if plan.masks and plan.settings["sampler"] != BY_DIRECTION:
        raise UserError(
            f"sampler {plan.settings['sampler']!r} in the training settings: masks need {BY_DIRECTION!r},"
            " one direction in each batch"
        )
    # The system keeps the model's own dropout: what this training overrides is no default of a fine-tune.
    trained = replace(plan, architecture=with_dropouts(plan.architecture, plan.settings))
    check_training_data(plan.data_bin, plan.directions, plan.dictionary)
    folder = TrainingFolder(plan.folder, fingerprint_of(trained))
    if int(os.environ.get("RANK", "0")) > 0:
        # Started by torchrun beside the process that keeps the folder; it waits for that one's group.
        if not folder.is_finished():
            _run(trained)
        return
    with folder.owned():
        folder.prepare()
        if folder.is_finished():
            logger.info(f"{plan.folder} holds this training, finished; exporting it again")
        else:
            with folder.attempt() as attempt:
                _run(trained)
                attempt["to_update"] = updates_of(read_checkpoint(folder.path / LAST))
            most = plan.settings["max_updates"]
            reason = "max_updates" if attempt["to_update"] >= most else "patience or time"
            folder.finish(attempt["to_update"], reason)
        export_system(plan, folder, Path(out))
        if not plan.settings["keep_optimizer"]:
            reduce_to_weights(folder.path, check_exported(folder.path, Path(out)))


def _run(plan: TrainingPlan) -> None:
    with warnings.catch_warnings():
        # hydra's remarks on how fairseq calls it
        warnings.simplefilter("ignore")
        parser = options.get_training_parser()
        arguments = options.parse_args_and_arch(parser, input_args=fairseq_arguments(plan))
        cfg = convert_namespace_to_omegaconf(arguments)
    distributed_utils.call_main(cfg, _train)


def export_system(plan: TrainingPlan, folder: TrainingFolder, out: Path) -> None:
    """Write the best weights of a finished training as a system (docs/architecture.md).

    They are those of its best checkpoint, or what was kept of it (units.retention).
    """
    out.mkdir(parents=True, exist_ok=True)
    if (folder.path / BEST).exists():
        best = read_checkpoint(folder.path / BEST)
        network = build_network(
            Architecture.from_dict(plan.architecture), len(Vocabulary.read(plan.dictionary, plan.languages))
        )
        network.load_state_dict(best["model"])
        save_system_weights(network, out / "model.safetensors")
        facts = {"best_update": updates_of(best), "best_valid_loss": best["extra_state"]["val_loss"]}
    else:
        facts = restore_weights(folder.path, out / "model.safetensors")
    shutil.copyfile(plan.dictionary, out / "dict.txt")
    shutil.copyfile(plan.subwords, out / "spm.model")
    if plan.masks:
        shutil.copyfile(plan.masks, out / "masks.npz")
    history = folder.history
    SystemFolder.write(
        out,
        system=plan.system,
        seed=plan.seed,
        languages=plan.languages,
        mask_rows={direction: direction if plan.masks else None for direction in plan.directions},
        architecture=plan.architecture,
        text=plan.text,
        parent=plan.parent,
        training={
            "updates": folder.updates_done(),
            **facts,
            "seconds": history["seconds"],
            "peak_memory_mb": history["peak_memory_mb"],
            "attempts": len(history["attempts"]),
        },
    )
    logger.info(f"exported update {facts['best_update']} (loss {facts['best_valid_loss']:.3f}) to {out}")
