"""What must hold of the sections of analyses: one line, beginning with its key, for each mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.analyses.correlation_checks import correlation_problems
from workflow_scripts.config.analyses.criteria import criteria_problems
from workflow_scripts.config.analyses.effect_checks import effect_problems
from workflow_scripts.config.analyses.heads import heads_problems
from workflow_scripts.config.analyses.probe_checks import probes_problems
from workflow_scripts.config.analyses.similarity import similarity_problems

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def analysis_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `analysis`."""
    for key in ("mask_control_k", "overlap_k"):
        k = getattr(experiment.analysis, key)
        if k is not None and k not in experiment.masks.k:
            yield f"analysis.{key}: {k} is not in masks.k ({', '.join(experiment.masks.k)})"
    if experiment.analysis.overlap_k and experiment.analysis.overlap_grouping not in experiment.groupings:
        name = experiment.analysis.overlap_grouping
        yield f"analysis.overlap_grouping: groups has no {name!r}{nearest(name, experiment.groupings)}"
    if experiment.analysis.overlap_k and experiment.pivot is None:
        yield "analysis.overlap_k: the overlap of masks needs the key pivot"
    if (criteria := experiment.analysis.criteria) is not None:
        yield from criteria_problems(experiment, criteria)
    yield from correlation_problems(experiment)
    if (probes := experiment.analysis.probes) is not None:
        yield from probes_problems(experiment, probes)
    if (heads := experiment.analysis.heads) is not None:
        yield from heads_problems(experiment, heads)
    yield from effect_problems(experiment)
    if (similarity := experiment.analysis.similarity) is not None:
        yield from similarity_problems(experiment, similarity)
