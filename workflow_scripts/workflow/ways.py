"""How each system came to be, for the table of costs: what was trained and what made its masks."""

from typing import Any

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.masks import ALL_UNITS
from workflow_scripts.workflow.stages import STAGES


def ways(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return, by system, what was trained (nothing, adapters, ffn, all), the engine that decodes it, and the
    files and folders below `benchmarks/` of the jobs that made its masks; `{seed}` stays a wildcard."""
    return {
        system: {
            "trained": _trained(experiment, system),
            "engine": experiment.engine_of(system),
            "extraction": _extraction(experiment, system),
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


def _extraction(experiment: Experiment, name: str) -> list[str]:
    masks = experiment.masked.get(name, ALL_UNITS)
    if masks == ALL_UNITS:
        return []
    chain = experiment.masks.chain(masks)
    sets = [experiment.masks.named[one].one for one in chain]
    folders = dict.fromkeys(one.scores.partition("/")[0] for one in sets if one.select is not None)
    scored = [place for folder in folders for place in _scoring(experiment, folder)]
    return scored + [f"select_masks/{BASELINE}/s{{seed}}/{one}.tsv" for one in chain]


def _scoring(experiment: Experiment, folder: str) -> list[str]:
    """Return the folders of benchmarks of the stages that write scores of units into a folder."""
    found = []
    for stage in STAGES.values():
        job = next(iter(stage.jobs(experiment)), None)
        if job is not None and any(path.startswith(f"{folder}/") for path in stage.made(experiment, job)):
            found.append(f"{stage.place}/{BASELINE}/s{{seed}}")
    return found
