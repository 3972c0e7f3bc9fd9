"""The tables of a page of docs/results on unit analysis, by the names in its markers."""

from collections.abc import Callable
from functools import partial

from tests import results_analysis, results_probes


def analysis_page(
    experiment: str, heads: str, units: str, percent: str
) -> dict[str, Callable[[], list[str]]]:
    """Return name → the table of an experiment's kept figures. ``heads``: the size whose tasks are told one
    by one; ``units``: the size of the effect matrices shown; ``percent``: of the units that probes keep."""
    matrix = partial(results_analysis.effect_matrix, experiment, name="difference", size=units)
    return {
        "heads": partial(results_analysis.heads, experiment),
        "heads by task": partial(results_analysis.heads_by_task, experiment, heads),
        "effects": partial(results_analysis.effects, experiment),
        "effects out of en": partial(matrix, side="out of en"),
        "effects into en": partial(matrix, side="into en"),
        "removed": partial(results_analysis.ablation, experiment, "removed"),
        "kept": partial(results_analysis.ablation, experiment, "kept"),
        "knock-out": partial(results_analysis.mask_control, experiment),
        "probes": partial(results_probes.probes, experiment),
        "units of probes": partial(results_probes.probes_by_units, experiment, percent),
        "layers of probes": partial(results_probes.probes_by_layer, experiment),
        "overlap": partial(results_probes.similarity, experiment),
        "stability": partial(results_probes.stability, experiment),
    }
