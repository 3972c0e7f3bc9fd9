"""Stages of probes: labelled words, the values of units at them, what they know, and what changes."""

from collections.abc import Iterator
from typing import Any

from workflow_scripts.common.directions import ends_of, pair_of
from workflow_scripts.common.word_properties import CONLLU
from workflow_scripts.config.analyses.probe_checks import probed_directions, probed_text
from workflow_scripts.config.analyses.probes import Probes
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.toy import ToySource
from workflow_scripts.units.score_table import BY_LABEL
from workflow_scripts.workflow.stage import Stage, Wildcards, of_port, with_torch
from workflow_scripts.workflow.stage_list.analyses import of_systems, tables_at

#: A text of one language: ``test/de-en.de``, of CoNLL-U files ``conllu/de``.
LABELLED = "data/labels/{labelled}.jsonl"


def sides_read(experiment: Experiment, probes: Probes, direction: str, stack: str) -> list[str]:
    """Return the labelled texts that a direction's values need: the source, and in the decoder the target;
    of a text that is read by itself that text."""
    source, target = ends_of(direction)
    if probes.from_conllu:
        return [f"{CONLLU}/{source or target}"]
    if source is None:
        return [f"{probed_text(experiment, probes)}/{target}"]
    languages = [source] if stack == "encoder" else [source, target]
    text = probed_text(experiment, probes)
    return [f"{text}/{pair_of(direction)}.{language}" for language in languages]


def _collected(experiment: Experiment) -> list[dict[str, Any]]:
    probes = experiment.analysis.probes
    return of_systems(experiment, probes, stack=probes.stacks) if probes else []


def _fitted(experiment: Experiment) -> Iterator[dict[str, Any]]:
    probes = experiment.analysis.probes
    for job in _collected(experiment):
        yield from ({**job, "property": name} for name in (probes.properties if probes else ()))


def _labelled(experiment: Experiment) -> Iterator[dict[str, str]]:
    probes = experiment.analysis.probes
    if probes is None:
        return
    found = (
        side
        for system in probes.systems
        for stack in probes.stacks
        for direction in probed_directions(experiment, probes, system, stack)
        for side in sides_read(experiment, probes, direction, stack)
    )
    yield from ({"labelled": side} for side in dict.fromkeys(found))


def has_toy_labels(experiment: Experiment) -> bool:
    """Tell whether the toy corpus's own labels are read."""
    probes = experiment.analysis.probes
    toy = isinstance(experiment.data.source, ToySource)
    return probes is not None and toy and bool(probes.gold) and not probes.conllu


def _toy_labels(experiment: Experiment, wildcards: Wildcards) -> list[str]:
    return [f"data/labels/toy/{wildcards['gold']}.{language}.conllu" for language in experiment.languages]


def _labels_of_toy(experiment: Experiment) -> list[dict[str, str]]:
    probes = experiment.analysis.probes
    if probes is None or not has_toy_labels(experiment):
        return []
    return [{"gold": probed_text(experiment, probes)}]


_UNITS = "analysis/collect_units/{system}/s{seed}/{stack}"
_PROBES = "analysis/fit_probes/{system}/s{seed}/{stack}.{property}"
_TABLE = "analysis/compare_probes"
_SCORES = "analysis/score_by_label/{system}/s{seed}/{stack}.{property}"

STAGES = (
    Stage(
        "data.labels.label_toy",
        "text",
        log="{gold}",
        files={"conllu": _toy_labels},
        jobs=_labels_of_toy,
    ),
    Stage(
        "data.labels.label_words",
        "text",
        log="{labelled}",
        files={"text": LABELLED},
        jobs=_labelled,
    ),
    Stage(
        "analyse.probes.collect_units",
        of_port,
        log="{system}.s{seed}.{stack}",
        files={"values": f"{_UNITS}.npy", "words": f"{_UNITS}.json"},
        jobs=_collected,
        gpu=True,
    ),
    Stage(
        "analyse.probes.fit_probes",
        with_torch,
        log="{system}.s{seed}.{stack}.{property}",
        files={
            **tables_at(_PROBES),
            "scores": f"{_PROBES}.scores.npz",
            "masks": f"{_PROBES}.masks.npz",
        },
        asked_for=("json",),
        jobs=_fitted,
    ),
    Stage(
        "analyse.probes.score_by_label",
        with_torch,
        log="{system}.s{seed}.{stack}.{property}",
        files={
            **tables_at(_SCORES),
            **{name: f"{_SCORES}.{name}.npz" for name in BY_LABEL},
        },
        asked_for=("json",),
        jobs=lambda e: _fitted(e) if e.analysis.probes and e.analysis.probes.scores else [],
    ),
    Stage(
        "analyse.probes.compare_probes",
        "text",
        log="probes",
        files=tables_at(_TABLE),
        asked_for=("json",),
        jobs=lambda e: [{}] if e.analysis.probes else [],
        local=True,
    ),
)
