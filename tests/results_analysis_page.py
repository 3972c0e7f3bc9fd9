"""The tables of a page of docs/results on unit analysis, by the names in its markers."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tests import results_analysis, results_probes

Tables = Mapping[str, Callable[[], list[str]]]


def analysis_page(
    experiment: str, kept: Sequence[str], heads: str = "20%", units: str = "5%", percent: str = "10"
) -> dict[str, Callable[[], list[str]]]:
    """Return name → table, of the analyses whose figures are kept.

    ``heads``: the size whose tasks are told one by one; ``units``: the size of the effect matrices shown;
    ``percent``: of the units that probes keep.
    """
    what, know = results_analysis, results_probes
    matrix = partial(what.effect_matrix, experiment, name="difference", size=units)
    known: dict[str, Tables] = {
        "heads": {
            "heads": partial(what.heads, experiment),
            "heads by task": partial(what.heads_by_task, experiment, heads),
        },
        "effects": {
            "effects": partial(what.effects, experiment),
            "effects out of en": partial(matrix, side="out of en"),
            "effects into en": partial(matrix, side="into en"),
        },
        "ablation": {
            "removed": partial(what.ablation, experiment, "removed"),
            "kept": partial(what.ablation, experiment, "kept"),
        },
        "mask_control": {"knock-out": partial(what.mask_control, experiment)},
        "probes": {
            "probes": partial(know.probes, experiment),
            "units of probes": partial(know.probes_by_units, experiment, percent),
            "layers of probes": partial(know.probes_by_layer, experiment),
        },
        "similarity": {"overlap": partial(know.similarity, experiment)},
        "stability": {"stability": partial(know.stability, experiment)},
    }
    return {name: made for one in kept for name, made in known[one].items()}
