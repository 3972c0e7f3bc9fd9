"""How each system came to be, for the table of costs: what was trained and what made its masks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.mask_list import Named
from workflow_scripts.config.mask_scores import COMPARING, SPREAD
from workflow_scripts.config.masks import ALL_UNITS
from workflow_scripts.units.score_table import CORRELATION, PROBE
from workflow_scripts.workflow import needed_masks
from workflow_scripts.workflow.stages import stages_of


def ways(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return, by system, what was trained (nothing, adapters, ffn, heads, all), the engine that decodes it,
    and the files and folders below `benchmarks/` of the jobs that made its masks (see
    ``report.read.system_costs.Way``); `{seed}` stays a wildcard."""
    named = [experiment.masks.named[name] for name in needed_masks.selected(experiment)]
    wanted = dict.fromkeys(place for one in named for place in _scores(one))
    scored = {place: list(dict.fromkeys(_scoring(experiment, *place))) for place in wanted}
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


def _scores(named: Named) -> list[tuple[str, str]]:
    """Return the folders of the scores that a mask set is selected by, each with the text that it is of."""
    if named.one.select is None:
        return []
    # Scores that compare languages are made of counts.
    counts = ["activations"] if named.one.scores in COMPARING else []
    return [(folder, named.text) for folder in (*counts, named.one.scores)]


def _extraction(
    experiment: Experiment, name: str, scored: Mapping[tuple[str, str], Sequence[str]]
) -> list[str]:
    masks = experiment.masked.get(name, ALL_UNITS)
    if masks == ALL_UNITS:
        return []
    chain = experiment.masks.chain(masks)
    sets = [experiment.masks.named[one] for one in chain]
    jobs = [job for one in sets for place in _scores(one) for job in scored.get(place, [])]
    for system in (one.one.system for one in sets):
        if system is not None:
            jobs += [*_extraction(experiment, system, scored), *_training(experiment, system)]
    return [*dict.fromkeys(jobs), *(f"select_masks/{BASELINE}/s{{seed}}/{one}.tsv" for one in chain)]


def _training(experiment: Experiment, system: str) -> list[str]:
    """Return the files of the jobs that trained a system from the baseline, by whose weights single weights
    are selected."""
    if system in experiment.joined:
        parts = [name for name, (whole, _) in experiment.parts.items() if whole == system]
        return [*(f"finetune/{part}.s{{seed}}.tsv" for part in parts), f"join_systems/{system}.s{{seed}}.tsv"]
    return [f"finetune/{system}.s{{seed}}.tsv"] if system in experiment.finetuned else []


def _scoring(experiment: Experiment, folder: str, text: str) -> Iterator[str]:
    """Yield the folders of benchmarks of the jobs that write scores of units on a text into a folder."""
    seed = experiment.train.seeds[0]
    yield from _analysing(experiment, folder)
    for stage in stages_of(experiment).values():
        first = next(stage.jobs_of(experiment), None)
        # Not every job of every stage is looked at: there are thousands.
        if first is None or not first.outputs[0].startswith(folder.partition("/")[0]):
            continue
        named: dict[str, list[str]] = {}
        for job in stage.jobs_of(experiment):
            if any(path.startswith(f"{folder}/") and f"/s{seed}/{text}/" in path for path in job.outputs):
                place, _, name = job.name.rpartition("/")
                place = f"{job.stage}/{place}".replace(f"/s{seed}", "/s{seed}", 1)
                named.setdefault(place, []).append(name)
        # Few jobs of several directions each have names that change when a direction is added; the files of
        # the old ones stay.
        grouped = stage.name == "count_activations" and bool(experiment.counted_together)
        yield from (f"{place}:{' '.join(names)}" if grouped else place for place, names in named.items())


def _analysing(experiment: Experiment, folder: str) -> Iterator[str]:
    """Yield the benchmarks of the analysis that finds scores of units, spread into a folder. Labels of
    words are not among them: their jobs are short, and every probe reads them."""
    root, _, found = folder.partition("/")
    of, _, name = found.partition("/")
    if root != SPREAD:
        return
    if of == CORRELATION:
        yield f"correlate_units/seeds/{BASELINE}.tsv"
        return
    probes = experiment.analysis.probes
    for stack in probes.stacks if probes else ():
        yield f"collect_units/{BASELINE}.s{{seed}}.{stack}.tsv"
        yield f"fit_probes/{BASELINE}.s{{seed}}.{stack}.{name}.tsv"
        if of != PROBE:
            yield f"score_by_label/{BASELINE}.s{{seed}}.{stack}.{name}.tsv"
