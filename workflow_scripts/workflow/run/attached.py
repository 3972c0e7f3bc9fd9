"""What must be there of what other programs made, before the first job."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from workflow_scripts.common.binarised_names import candidates, files_of
from workflow_scripts.common.errors import UserError, first_of
from workflow_scripts.config.attach_model import ON_HUB, AttachedModel
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary


def missing_masks(experiment: Experiment) -> Iterator[str]:
    """Yield a line for each mask set whose files, of another program, are not all there."""
    for name, pattern in experiment.foreign_masks.items():
        files = dict.fromkeys(pattern.replace("{direction}", one) for one in experiment.train_directions)
        if gone := [file for file in files if not Path(file).is_file()]:
            yield f"masks.sets.{name}.file: {_absent('file', gone)}"


def missing_of_attached(experiment: Experiment) -> Iterator[str]:
    """Yield a line for each file of `attach` that is missing or wrong; jobs open the checkpoints."""
    if experiment.attached_model is not None:
        yield from _missing_model(experiment.attached_model)
    attach = experiment.checkpoints
    if attach is None:
        return
    for key, file in attach.files.items():
        if not Path(file).is_file():
            yield f"attach.{key}: {_absent('file', [file])}"
    if Path(attach.dictionary).is_file():
        try:
            Vocabulary.read(attach.dictionary)
        except UserError as error:
            yield f"attach.dictionary: {error}"
    for number, folder in enumerate(attach.shards):
        if not Path(folder).is_dir():
            yield f"attach.data_bin: {_absent('folder', [folder])}"
            continue
        for subset in ("train", "valid") if number == 0 else ("train",):
            without = [one for one in experiment.train_directions if not _is_there(folder, subset, one)]
            if without:
                yield f"attach.data_bin: {folder} has no binarised {subset} data of {first_of(without)}"


def used_of_other_port(experiment: Experiment) -> Iterator[str]:
    """Yield a line where the baseline that ``uses`` takes is of another port, whose systems are not copied:
    its folder can be attached."""
    if experiment.uses is None:
        return
    folder = Path("results", experiment.uses.experiment, "systems", BASELINE, f"s{experiment.train.seeds[0]}")
    try:
        system = SystemFolder.read(folder)
    except UserError:  # what is missing or damaged there is said elsewhere
        return
    if system.port != DEFAULT_PORT:
        given = "".join(f", {key}: {json.dumps(value)}" for key, value in system.text.items() if value)
        yield (
            f"uses.experiment: the baseline of {experiment.uses.experiment} is a model of transformers, which"
            f" is attached, not taken: in place of uses write attach: {{model: {folder}{given}}}"
        )


def _missing_model(attach: AttachedModel) -> Iterator[str]:
    if attach.is_fetched or Path(attach.model, "config.json").is_file():
        return
    if Path(attach.model).is_dir():
        yield f"attach.model: {attach.model} has no config.json; a model's folder has it, and weights"
        return
    hint = ""
    if ON_HUB.fullmatch(attach.model):
        hint = "; of a name on the hub give the commit, too (attach.revision)"
    yield f"attach.model: {_absent('folder', [attach.model])}{hint}"


def _absent(wanted: str, paths: Sequence[str]) -> str:
    """Return that the first of these is missing or of the other kind, and where relative paths begin."""
    if Path(paths[0]).exists():
        return f"{paths[0]} is a {'folder' if wanted == 'file' else 'file'}, and a {wanted} is needed"
    begin = "" if Path(paths[0]).is_absolute() else f" in {Path.cwd()}"
    return f"there is no {wanted} {first_of(paths)}{begin}"


def _is_there(folder: str, subset: str, direction: str) -> bool:
    return any(all(map(Path.is_file, files_of(one))) for one in candidates(folder, subset, direction))
