"""Stages of systems: training, activation counts, masks, fine-tuning."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID
from workflow_scripts.workflow import needed_masks
from workflow_scripts.workflow.needed_texts import other_texts
from workflow_scripts.workflow.stage import Pattern, Stage, Wildcards, each, of_port, own_rule

#: What the names of rules end with that score units on another text than the validation text.
ON_TEXT = "_on_text"
#: Files of every system, and those of one whose text gets subwords (the others' tokenizers are of several
#: files, which system.json names).
DESCRIBED = {"system": "system.json", "weights": "model.safetensors"}
VOCABULARY = {"model": "spm.model", "dictionary": "dict.txt"}
#: A trainer's own folder.
TRAINING = "training/{finetuned}/s{seed}"


def _of_system(system: str, **more: str) -> dict[str, Pattern]:
    """Return the files by role that a rule declares of a system; ``system``: its name, or wildcard."""
    folder = f"systems/{system}/s{{seed}}"
    files: dict[str, Pattern] = {role: f"{folder}/{name}" for role, name in (DESCRIBED | more).items()}
    return files | {role: partial(_vocabulary, f"{folder}/{name}") for role, name in VOCABULARY.items()}


def _vocabulary(file: str, experiment: Experiment, _: Wildcards) -> list[str]:
    return [file] if experiment.is_binarised else []


OF_BASELINE = _of_system(BASELINE)
OF_FINETUNED, OF_UNTRAINED = (
    _of_system(system, masks="masks.npz") for system in ("{finetuned}", "{untrained}")
)
OF_ADAPTED = _of_system("{finetuned}", masks="masks.npz", adapters="adapters.safetensors")


def parts_of(experiment: Experiment, system: str) -> list[str]:
    """Return the names of the files of a system's folder that its rule declares."""
    more: list[str] = []
    if system in experiment.joined:
        more = [f"{direction}.safetensors" for direction in experiment.trained_by(system)]
    elif (made := experiment.made.get(system)) is not None:
        # What masked gradients were trained with is no part of the system.
        more += ["masks.npz"] if made.system.train != "gradients" else []
        more += ["adapters.safetensors"] if made.system.adapters else []
    return [*DESCRIBED.values(), *(VOCABULARY.values() if experiment.is_binarised else ()), *more]


def files_of_model(experiment: Experiment) -> list[str]:
    """Return the names of the files of a system's folder that a stage reads to open its model."""
    return [*DESCRIBED.values(), *([VOCABULARY["dictionary"]] if experiment.is_binarised else [])]


def adapted(experiment: Experiment) -> list[str]:
    """Return the trainings of adapters, whose systems have a file more."""
    return [name for name, one in experiment.trainings.items() if one.system.adapters]


def files_of(wildcard: str) -> Callable[[Experiment, Wildcards], list[str]]:
    """Return the pattern of the files that a rule declares of the system that this wildcard names."""
    return lambda e, w: [f"systems/{w[wildcard]}/s{{seed}}/{file}" for file in parts_of(e, w[wildcard])]


def of_baseline(experiment: Experiment, **values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return wildcards of the baseline, whose scores and masks are asked for, in every seed."""
    return each(system=[BASELINE], seed=experiment.train.seeds, **values)


def decoded_rows(experiment: Experiment) -> list[dict[str, str]]:
    """Return mask set and direction of every row that only decoding needs: of directions not trained."""
    return each(maskset=needed_masks.rows(experiment), direction=experiment.untrained_directions)


def scored_texts(experiment: Experiment) -> Iterator[dict[str, str]]:
    """Yield the texts on which units are scored: as folder, and as part of the names of jobs and rules."""
    yield {"text": VALID, "on": "", "rule": ""}
    for text in other_texts(experiment):
        yield {"text": text, "on": f"{text}/", "rule": ON_TEXT}


def _counts(experiment: Experiment) -> Iterator[dict[str, Any]]:
    together = experiment.counted_together
    for text in scored_texts(experiment):
        needed = needed_masks.scored(experiment, text=text["text"])
        jobs = [by for by, directions in together.items() if needed.issuperset(directions)]
        jobs += [direction for direction in experiment.counted_alone if direction in needed]
        yield from (text | job for job in of_baseline(experiment, by=jobs))


def _counted(experiment: Experiment, wildcards: Wildcards) -> list[str]:
    by = wildcards["by"]
    directions = experiment.counted_together.get(by, [by])
    return [f"activations/{{system}}/s{{seed}}/{wildcards['text']}/{one}.npz" for one in directions]


def _rule_of_counts(experiment: Experiment, wildcards: Wildcards) -> str:
    by = wildcards["by"]
    own = f"_{by}" if by in experiment.counted_together else ""
    return f"count_activations{own}{wildcards['rule']}"


def _importance(experiment: Experiment) -> Iterator[dict[str, Any]]:
    for units, folders in needed_masks.importances(experiment).items():
        for text in scored_texts(experiment):
            needed = (needed_masks.scored(experiment, folder, text["text"]) for folder in folders)
            directions = sorted(set().union(*needed))
            jobs = of_baseline(experiment, units=[units], direction=directions)
            yield from (text | job for job in jobs)
    yield from _importance_of_systems(experiment)


def _importance_of_systems(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Yield the importance of units of systems other than the baseline, by which their masks are selected."""
    for system, sets in needed_masks.of_systems(experiment).items():
        named = [experiment.masks.named[name] for name in sets]
        found = dict.fromkeys((one.one.scores.partition("/")[2], one.text) for one in named)
        for text in scored_texts(experiment):
            jobs = each(
                system=[system],
                seed=experiment.train.seeds,
                units=[units for units, on in found if on == text["text"]],
                direction=experiment.train_directions,
            )
            yield from (text | job for job in jobs)


def _of_importance(estimator: str) -> Callable[[Experiment, Wildcards], list[str]]:
    return lambda e, w: [f"{estimator}/{{units}}/{{system}}/s{{seed}}/{w['text']}/{{direction}}.npz"]


def _masks(experiment: Experiment) -> Iterator[dict[str, Any]]:
    selected = [name for name in needed_masks.selected(experiment) if name not in experiment.foreign_masks]
    rows = [{"maskset": name, "row": ""} for name in selected]
    rows += [{"maskset": o["maskset"], "row": f"/{o['direction']}"} for o in decoded_rows(experiment)]
    for where in of_baseline(experiment):
        yield from (where | row for row in rows)
    for system, sets in needed_masks.of_systems(experiment).items():
        yield from each(system=[system], seed=experiment.train.seeds, maskset=sets, row=[""])


STAGES = (
    Stage(
        "train.use_system",
        "text",
        log="{taken}.s{seed}",
        files={"system": files_of("taken")},
        rule=lambda e, w: own_rule("use_system", w["taken"]),
        jobs=lambda e: each(taken=e.used, seed=e.train.seeds),
    ),
    Stage(
        "train.train_baseline",
        of_port,
        log="s{seed}",
        files=OF_BASELINE,
        jobs=lambda e: each(seed=[] if BASELINE in e.taken else e.train.seeds),
        gpu=True,
        training=f"training/{BASELINE}/s{{seed}}",
    ),
    # `by`: a job's name of several directions, each group of which has a rule, or a direction.
    Stage(
        "activations.count_activations",
        of_port,
        log="{system}/s{seed}/{on}{by}",
        files={"counts": _counted},
        rule=_rule_of_counts,
        jobs=_counts,
        gpu=True,
    ),
    Stage(
        "activations.score_importance",
        of_port,
        log="{system}/s{seed}/{on}{units}.{direction}",
        files={
            "scores": _of_importance("importance"),
            "token": _of_importance("importance_token"),
            "signed": _of_importance("importance_signed"),
        },
        rule=lambda e, w: f"score_importance{w['rule']}",
        jobs=_importance,
        gpu=True,
    ),
    Stage(
        "units.select_masks",
        "text",
        log="{system}/s{seed}/{maskset}{row}",
        files={"masks": "masks/{system}/s{seed}/{maskset}{row}.npz"},
        jobs=_masks,
        local=True,
    ),
    Stage(
        "train.finetune",
        of_port,
        log="{finetuned}.s{seed}",
        files=OF_FINETUNED,
        jobs=lambda e: each(seed=e.train.seeds, finetuned=[n for n in e.trainings if n not in adapted(e)]),
        gpu=True,
        training=TRAINING,
    ),
    Stage(
        "train.finetune",
        of_port,
        log="{finetuned}.s{seed}",
        files=OF_ADAPTED,
        own_name="finetune_adapters",
        resources_of="finetune",
        jobs=lambda e: each(seed=e.train.seeds, finetuned=adapted(e)),
        gpu=True,
        training=TRAINING,
    ),
    Stage(
        "train.join_systems",
        "text",
        log="{joined}.s{seed}",
        files={"system": files_of("joined")},
        rule=lambda e, w: own_rule("join_systems", w["joined"]),
        jobs=lambda e: each(seed=e.train.seeds, joined=[n for n in e.joined if n not in e.used]),
    ),
    Stage(
        "train.use_masks",
        "text",
        log="{untrained}.s{seed}",
        files=OF_UNTRAINED,
        jobs=lambda e: each(seed=e.train.seeds, untrained=[n for n in e.untrained if n not in e.used]),
    ),
)
