"""Train one system: from a plan to a system folder, by the loop of a port."""

import logging
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.models.training.checkpoints import (
    disk_errors,
    reached,
    read_checkpoint,
    recover,
    updates_of,
)
from workflow_scripts.models.training.epochs import BY_DIRECTION
from workflow_scripts.models.training.loop import loop_of
from workflow_scripts.models.training.memory import is_out_of_memory
from workflow_scripts.models.training.plan import TrainingPlan, accumulation, longest_sentence
from workflow_scripts.models.training.slices import TIME_LIMIT, SliceEnded
from workflow_scripts.models.training.surroundings import Surroundings
from workflow_scripts.train.deadline import Deadline
from workflow_scripts.train.devices import device_number
from workflow_scripts.train.export import export_system
from workflow_scripts.train.fingerprint import fingerprint_of, number_of_processes
from workflow_scripts.train.history import outcome_of
from workflow_scripts.train.launch import Place, place
from workflow_scripts.train.out_of_memory import OUT_OF_MEMORY, max_tokens_after, out_of_memory
from workflow_scripts.train.owner import check_owner
from workflow_scripts.train.ranks import Ranks, joined
from workflow_scripts.train.renewal import check_text, select_again
from workflow_scripts.train.scratch import near_data
from workflow_scripts.train.training_folder import IDENTITY, TrainingFolder
from workflow_scripts.train.training_method import ADAPTERS
from workflow_scripts.train.training_settings import settings_by_class, with_dropouts
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.training_files import LAST, check_exported, reduce_to_weights

logger = logging.getLogger(__name__)


def train_system(
    plan: TrainingPlan, out: str | Path, code: str | None = None, deadline: Deadline | None = None
) -> None:
    """Train (or resume, or find finished) and export the best checkpoint to the system folder `out`.

    Of several processes the first does all that, and the others train with it. `code`: hash of the training's
    code and libraries, recorded in the folder. Raises SliceEnded if the `deadline` or SIGTERM came first,
    SmallerBatchesError if memory ran out and a further call will take smaller batches, and UserError.
    """
    log_to_stderr()
    with joined(place()) as ranks:
        if ranks.rank == 0:
            _train_and_export(plan, Path(out), code, ranks, deadline or Deadline())
        elif (sent := ranks.wait_for_plan()) is not None:
            plan = TrainingPlan(**sent["plan"])
            near = near_data(plan.data_bin, loop_of(plan.port).training_files(plan), sent["data"])
            with near as data_bin, ranks.training():
                _run(plan, data_bin, ranks.place, Deadline())  # process 0 watches the clock


def _run(plan: TrainingPlan, data_bin: str, place: Place, deadline: Deadline) -> None:
    loop = loop_of(plan.port)
    processes = number_of_processes(plan.settings, loop.STARTS_PROCESSES)
    loop.run(
        replace(plan, data_bin=data_bin),
        Surroundings(processes, device_number(place), check_owner, select_again, deadline.is_near),
    )


def _train_and_export(
    plan: TrainingPlan, out: Path, code: str | None, ranks: Ranks, deadline: Deadline
) -> None:
    loop = loop_of(plan.port)
    if plan.masks and plan.settings["sampler"] != BY_DIRECTION and not loop.MASKS_BY_SENTENCE:
        raise UserError(
            f"sampler {plan.settings['sampler']!r} in the training settings: masks need {BY_DIRECTION!r},"
            " one direction in each batch"
        )
    if ADAPTERS in plan.method and plan.settings["sampler"] != BY_DIRECTION:
        raise UserError(
            f"sampler {plan.settings['sampler']!r} in the training settings: adapters need {BY_DIRECTION!r},"
            " one direction in each batch"
        )
    # The system keeps the model's own dropout: that of this training is not a default of its fine-tunes.
    trained = replace(plan, architecture=with_dropouts(plan.architecture, plan.settings))
    trained = loop.check(trained)
    if plan.masks and "renew" in plan.method:
        check_text(MaskTable.read(plan.masks), plan.data_bin, loop.validation_files(plan))
    folder = TrainingFolder(plan.folder, fingerprint_of(trained), code)
    ranks.gather_devices()
    with disk_errors(plan.folder, out), folder.owned():
        folder.prepare(lambda: reached(folder.path))
        if folder.is_finished():
            logger.info(f"{plan.folder} holds this training, finished; exporting it again")
            ranks.send_plan(None)
        else:
            recover(folder.path)
            fitting = _fitting(trained, folder, ranks)
            ranks.send_plan({"plan": asdict(fitting), "data": folder.fingerprint[IDENTITY]["data"]})
            _attempt(fitting, folder, ranks, deadline)
        export_system(plan, folder, out)
        if not plan.settings["keep_optimizer"]:
            reduce_to_weights(folder.path, check_exported(folder.path, out))


def _fitting_tokens(plan: TrainingPlan, folder: TrainingFolder, ranks: Ranks) -> int:
    attempts = folder.history.read()["attempts"]
    return max_tokens_after(
        plan.settings, longest_sentence(plan), set(ranks.devices), attempts, ranks.place.processes
    )


def _fitting(plan: TrainingPlan, folder: TrainingFolder, ranks: Ranks) -> TrainingPlan:
    """Return the plan, with smaller batches where earlier attempts ran out of memory."""
    settings = plan.settings
    size = _fitting_tokens(plan, folder, ranks)
    if size == settings["max_tokens"]:
        return plan
    smaller = {**settings, "max_tokens": size}
    logger.warning(
        f"{plan.folder}: memory ran out before; max_tokens {size} x {accumulation(smaller, 1)} in place of"
        f" {settings['max_tokens']} x {accumulation(settings, 1)}, the same update of"
        f" {settings['tokens_per_update']} tokens"
    )
    return replace(plan, settings=smaller)


def _attempt(plan: TrainingPlan, folder: TrainingFolder, ranks: Ranks, deadline: Deadline) -> None:
    loop = loop_of(plan.port)
    processes = number_of_processes(plan.settings, loop.STARTS_PROCESSES)
    execution = settings_by_class(plan.settings, processes)["execution"]
    # Those that this process starts have devices of the same kind.
    devices = ranks.devices * processes if ranks.alone else ranks.devices
    began = reached(folder.path)
    with folder.attempt(devices, execution) as attempt:

        def ended(error: BaseException) -> BaseException:
            """Record what ended the attempt; return what to raise. Nothing else may follow."""
            if isinstance(error, SliceEnded) and (error.reason != TIME_LIMIT or error.update > began):
                attempt["outcome"], attempt["to_update"] = error.reason, error.update
                return error
            if isinstance(error, SliceEnded):
                error = UserError(
                    f"{plan.folder}: the time limit is too short: this slice ends where it began, at update"
                    f" {began}, in the validation that is due there; raise the runtime of this job"
                )
            return _record_end(error, plan, folder, ranks, attempt)

        hashes = folder.fingerprint[IDENTITY]["data"]
        data = near_data(plan.data_bin, loop.training_files(plan), hashes)
        with data as data_bin, ranks.training(ended, folder.release):
            _run(plan, data_bin, ranks.place, deadline)
        attempt["to_update"] = updates_of(read_checkpoint(folder.path / LAST))
    most = plan.settings["max_updates"]
    folder.finish(attempt["to_update"], "max_updates" if attempt["to_update"] >= most else "patience or time")


def _record_end(
    error: BaseException, plan: TrainingPlan, folder: TrainingFolder, ranks: Ranks, attempt: dict[str, Any]
) -> BaseException:
    if not is_out_of_memory(error):
        attempt["outcome"] = outcome_of(error)
        with suppress(OSError):  # a full disk most likely ended the attempt: report that error
            folder.history.record()
        return error
    attempt["outcome"] = OUT_OF_MEMORY
    folder.history.record()  # where the next attempt finds what it must take
    failed, following = plan.settings["max_tokens"], _fitting_tokens(plan, folder, ranks)
    return out_of_memory(plan.folder, failed, following, longest_sentence(plan), ranks.alone)
