"""How each system came to be, for the table of costs: what was trained and what made its masks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.masks import ALL_UNITS, MaskSet
from workflow_scripts.workflow import needed_masks
from workflow_scripts.workflow.stages import STAGES


def ways(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return, by system, what was trained (nothing, adapters, ffn, all), the engine that decodes it, and the
    files and folders below `benchmarks/` of the jobs that made its masks; `{seed}` stays a wildcard."""
    scored: dict[tuple[str, str], list[str]] = {}
    for name in needed_masks.selected(experiment):
        one = experiment.masks.named[name].one
        if one.select is not None and (one.scores, one.text) not in scored:
            scored[one.scores, one.text] = list(dict.fromkeys(_scoring(experiment, one)))
    return {
        system: {
            "trained": _trained(experiment, system),
            "engine": experiment.engine_of(system),
            "extraction": _extraction(experiment, system, scored),
        }
        for system in experiment.all_systems
    }


def _trained(experiment: Experiment, name: str) -> str:
    if name == BASELINE:
        return "all"
    system = experiment.made[name].system
    if system.train == "none":
        return "nothing"
    return "adapters" if system.adapters else system.parameters


def _extraction(
    experiment: Experiment, name: str, scored: Mapping[tuple[str, str], Sequence[str]]
) -> list[str]:
    masks = experiment.masked.get(name, ALL_UNITS)
    if masks == ALL_UNITS:
        return []
    chain = experiment.masks.chain(masks)
    sets = [one for name in chain if (one := experiment.masks.named[name].one).select is not None]
    places = [place for one in sets for place in scored.get((one.scores, one.text), [])]
    return [*dict.fromkeys(places), *(f"select_masks/{BASELINE}/s{{seed}}/{one}.tsv" for one in chain)]


def _scoring(experiment: Experiment, masks: MaskSet) -> Iterator[str]:
    """Yield the folders of benchmarks of the jobs that score units for a mask set."""
    seed = experiment.train.seeds[0]
    text = f"/s{seed}/{masks.text}/"
    for stage in STAGES.values():
        first = next(stage.jobs_of(experiment), None)
        # Not every job of every stage is looked at: there are thousands.
        if first is None or not first.outputs[0].startswith(masks.scores.partition("/")[0]):
            continue
        for job in stage.jobs_of(experiment):
            if any(path.startswith(f"{masks.scores}/") and text in path for path in job.outputs):
                folder = job.name.rpartition("/")[0]
                yield f"{job.stage}/{folder}".replace(f"/s{seed}", "/s{seed}", 1)
