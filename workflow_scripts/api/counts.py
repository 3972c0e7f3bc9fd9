"""Activation counts: those of an experiment's folder, and those of a direction counted here."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.api.extras import needs
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.system import SystemFolder


def read_counts(
    experiment: str | Path,
    directions: Sequence[str] | None = None,
    *,
    system: str = "baseline",
    seed: int = 1,
    subset: str = "valid",
) -> ScoreTable:
    """Return the activation counts of an experiment, int64 [directions, units].

    Args:
        experiment: its folder, such as ``results/demo``.
        directions: the rows, in this order; all that were counted, in alphabetical order, unless given.
        system: whose activations; ``seed``: of its training; ``subset``: of which text.

    Raises:
        UserError: nothing was counted, a direction was not, or files do not come from one model.
    """
    folder = Path(experiment) / "activations" / system / f"s{seed}" / subset
    counted = sorted(path.stem for path in folder.glob("*.npz"))
    if not counted:
        raise UserError(f"{folder}: no activation counts here; run the experiment first, or look at its name")
    return read_scores(folder, counted if directions is None else directions)


def count_activations(
    system: SystemFolder | str | Path, data_bin: str | Path, direction: str, *, subset: str = "valid"
) -> ScoreTable:
    """Count how often each FFN neuron fires in a direction, int64 [1, units]; needs the extra ``fairseq``.

    Args:
        system: a system, or its folder.
        data_bin: binarised text, such as ``results/demo/data/bin``.
        direction: such as ``de-en``; ``subset``: of which text. Padding is not counted.

    Raises:
        UserError: the extra is missing, the system has no such direction, or files are missing or damaged.
    """
    with needs("fairseq", "count_activations"):
        from workflow_scripts.activations.count_activations import count_subset
    folder = system if isinstance(system, SystemFolder) else SystemFolder.read(system)
    return next(count_subset(folder, Path(data_bin), subset, [direction]))
