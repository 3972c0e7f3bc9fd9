"""fairseq's training loop on a plan: its command line, and the run of one process."""

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq import checkpoint_utils, metrics, options, utils
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from fairseq.distributed import utils as distributed_utils
from fairseq.tasks import setup_task
from fairseq_cli import train as fairseq_train

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.training import adam as _adam  # noqa: F401  (registers it)
from workflow_scripts.models.fairseq.training import task as _task  # noqa: F401  (registers it)
from workflow_scripts.models.fairseq.training.trainer import (
    NeuronspecTrainer,
    forget_previous_training,
    patience_is_spent,
)
from workflow_scripts.models.fairseq.training.updates import complete_loaded_update
from workflow_scripts.models.progress_log import ProgressLog, log_to_stderr
from workflow_scripts.models.training import collectives
from workflow_scripts.models.training.memory import keep_freed_memory
from workflow_scripts.models.training.plan import (
    TrainingPlan,
    accumulation,
    batching_of,
    precision_of,
    step_of,
)
from workflow_scripts.models.training.slices import SliceEnded, SliceWatch, handling
from workflow_scripts.models.training.surroundings import Surroundings, never

logger = logging.getLogger(__name__)

#: By the step.
CRITERIA = {"reference": "fused_label_smoothing", "fast": "projected_label_smoothing"}
OPTIMISERS = {"reference": "adam", "fast": "fused_adam"}


def fairseq_arguments(plan: TrainingPlan, processes: int, device: int) -> list[str]:
    """Return fairseq's command line for a plan; `processes` of all, `device`: the number of this one's."""
    s = plan.settings
    gpu = torch.cuda.is_available()
    arguments: dict[str, Any] = {
        "arch": "transformer",  # a formality: the task builds the network from the plan
        "task": "neuronspec_translation",
        "plan": json.dumps(asdict(plan)),
        "seed": plan.seed,
        "save-dir": plan.folder,
        "criterion": CRITERIA[step_of(s)],
        "optimizer": OPTIMISERS[step_of(s)],
        "adam-betas": f"({s['adam_betas'][0]}, {s['adam_betas'][1]})",
        "label-smoothing": s["label_smoothing"],
        "clip-norm": s["clip_norm"],
        "lr-scheduler": s["scheduler"],
        "max-tokens-valid": s["max_tokens"],
        "update-freq": accumulation(s, processes),
        "distributed-world-size": processes,
        "device-id": device,
        "max-update": s["max_updates"],
        "save-interval-updates": s["validate_interval_updates"],
        "validate-interval-updates": s["validate_interval_updates"],
        # Epochs differ in length with the data; validation by updates alone keeps runs comparable.
        "save-interval": 10**9,
        "validate-interval": 10**9,
        "keep-interval-updates": max(s["keep_checkpoints"], 1),
        "patience": s["patience"] or -1,
        "num-workers": s["data_workers"],
        "log-format": "none",
        "valid-subset": "valid",
        "required-batch-size-multiple": 8 if gpu else 1,
    }
    same = ("adam_eps", "weight_decay", "lr", "warmup_updates", "max_tokens", "log_interval")
    arguments |= {name.replace("_", "-"): s[name] for name in same}
    if s["scheduler"] == "polynomial_decay":
        arguments["total-num-update"] = s["max_updates"]
    if s["tensorboard"]:
        arguments["tensorboard-logdir"] = str(Path(plan.folder) / "tensorboard")
    flags = ["no-epoch-checkpoints", "skip-invalid-size-inputs-valid-test"]
    # fp16 is not known on a CPU; with bf16 there fairseq looks for a TPU.
    precision = precision_of(s, gpu, "fp16")
    flags += [] if precision == "fp32" else [precision]
    flags += [] if gpu else ["cpu", "distributed-no-spawn"]
    # Without GPUs fairseq would spawn no process at all.
    return [f"--{key}={value}" for key, value in arguments.items()] + [f"--{flag}" for flag in flags]


def make_global_group() -> None:
    """Let fairseq's collectives wait as long as `SILENCE`; called by all processes once they can speak."""
    if torch.distributed.is_initialized():
        group = torch.distributed.new_group(timeout=collectives.SILENCE)
        distributed_utils.get_global_group._global_group = group


def _train(cfg: Any, surroundings: Surroundings) -> None:
    log_to_stderr()
    if cfg.distributed_training.distributed_rank:
        logging.disable(logging.WARNING)  # one process speaks for all
    make_global_group()
    keep_freed_memory()
    metrics.reset()
    forget_previous_training()
    np.random.seed(cfg.common.seed)
    utils.set_torch_seed(cfg.common.seed)
    task = setup_task(cfg.task)
    task.select_again = surroundings.select_again
    settings = task.settings
    if settings["threads"]:
        torch.set_num_threads(settings["threads"])
    network = task.build_model(cfg.model)
    criterion = task.build_criterion(cfg.criterion)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    task.load_dataset("valid")
    progress = ProgressLog(settings["max_updates"], settings["log_interval"])
    processes = cfg.distributed_training.distributed_world_size
    batching = batching_of(settings, processes)
    # One process watches the clock for all.
    first = cfg.distributed_training.distributed_rank == 0
    watch = SliceWatch(surroundings.end_is_near if first else never)
    check = surroundings.check_owner
    trainer = NeuronspecTrainer(cfg, task, network, criterion, batching, progress, watch, check)
    state, epoch_itr = checkpoint_utils.load_checkpoint(cfg.checkpoint, trainer, disable_iterator_cache=True)
    logger.info(
        f"{task.plan['system']}: {parameters / 1e6:.1f} M parameters, {len(task.directions)} directions,"
        f" {len(epoch_itr)} batches an epoch, {torch.get_num_threads()} threads, {trainer.device}"
    )
    # Patience may have been spent at the last checkpoint, before the process was killed.
    should_stop = trainer.get_num_updates() >= settings["max_updates"] or patience_is_spent(
        settings["patience"]
    )
    with watch.signals():
        if state is not None:
            should_stop |= complete_loaded_update(cfg, trainer, task, epoch_itr, state["train_iterator"])
        while not should_stop:
            valid_losses, should_stop = fairseq_train.train(cfg, trainer, task, epoch_itr)
            if not should_stop:
                trainer.lr_step(epoch_itr.epoch, valid_losses[0])
                epoch_itr = trainer.get_train_iterator(
                    epoch_itr.next_epoch_idx,
                    load_dataset=task.has_sharded_data("train"),
                    disable_iterator_cache=True,
                )


def run(plan: TrainingPlan, surroundings: Surroundings) -> None:
    """Train by a plan until `max_updates`, or until patience is spent. Raises SliceEnded if time is up or
    SIGTERM came before that (the checkpoint is written); UserError from whichever process it came."""
    with warnings.catch_warnings():
        # hydra's remarks on how fairseq calls it
        warnings.simplefilter("ignore")
        parser = options.get_training_parser()
        words = fairseq_arguments(plan, surroundings.processes, surroundings.device)
        arguments = options.parse_args_and_arch(parser, input_args=words)
        cfg = convert_namespace_to_omegaconf(arguments)
    spawns = not cfg.distributed_training.distributed_no_spawn and surroundings.processes > 1
    passing_on = passing_signals_on() if spawns else nullcontext()
    with warnings.catch_warnings(), user_errors_of_processes(), passing_on:
        # The processes that torchrun or srun started speak to each other already (train.ranks).
        warnings.filterwarnings("ignore", message="Distributed is already initialized")
        distributed_utils.call_main(cfg, _train, surroundings=surroundings)


def passing_signals_on() -> AbstractContextManager[None]:
    """Pass the signals that end a slice on to the processes that are started here, one for each GPU."""

    def pass_on(number: int, _: Any) -> None:
        children = torch.multiprocessing.active_children()
        if not children:
            raise SystemExit(128 + number)
        for child in children:
            if child.pid is not None:
                os.kill(child.pid, number)

    return handling(pass_on)


@contextmanager
def user_errors_of_processes() -> Iterator[None]:
    """Raise again the UserError or SliceEnded of a started process, which comes as text."""
    try:
        yield
    except torch.multiprocessing.ProcessRaisedException as error:
        if ended := SliceEnded.found_in(str(error)):
            raise ended from error
        _, found, message = str(error).rpartition(f"\n{UserError.__module__}.{UserError.__name__}: ")
        if not found:
            raise
        raise UserError(message.strip()) from error
