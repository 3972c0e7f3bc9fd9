"""Scores of units: one row per task (direction, language, …), one column per unit, in one ``.npz``."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.unit_table import UnitTable

#: Of counts: row → stack → the number of positions at which units were counted.
POSITIONS = "positions"
#: Of counts by another program, which does not say their positions: the same, at least so many.
LEAST_POSITIONS = "least_positions"
#: Of scores that were made of counts: row → group → the share of units that are active nearly everywhere.
SATURATED = "saturated"
#: What of these facts does not become one of masks.
ABOUT_COUNTS = (POSITIONS, LEAST_POSITIONS, SATURATED)
ACTIVATIONS, IMPORTANCE, MAGNITUDE, WEIGHTS = "activations", "importance", "magnitude", "weights"
#: Of labels: how much a probe weighs units, and scores without a probe.
PROBE = "probe"
PROBELESS, SELECTIVITY, AVERAGE_PRECISION = BY_LABEL = "probeless", "selectivity", "average_precision"
#: Scores with a row for each label of a property.
OF_PROPERTY = (PROBE, *BY_LABEL)
#: Estimators of importance, all of one pass.
IMPORTANCE_TOKEN, IMPORTANCE_SIGNED = "importance_token", "importance_signed"
IMPORTANCES = (IMPORTANCE, IMPORTANCE_TOKEN, IMPORTANCE_SIGNED)
#: How much of a unit other models have (analyse.correlation).
CORRELATION = "correlation"
#: The forms of LAPE, which compare languages.
LAPE, LAPE_LAMBDA = FORMS = "lape", "lape_lambda"
#: How the ``counting`` of scores other than activations begins, before a colon.
_OTHERS = (*IMPORTANCES, MAGNITUDE, WEIGHTS, CORRELATION, *OF_PROPERTY, *FORMS)


def score_of(counting: Any) -> str:
    """Return the name of a score, as ``of`` of a mask set has it, by the ``counting`` of its files."""
    name = str(counting).partition(":")[0]
    return name if name in _OTHERS else ACTIVATIONS


class ScoreTable(UnitTable):
    """``values[row, flat unit id]``: int64 for counts, else float64 of any sign, where undefined is NaN.

    ``metadata`` (JSON) says how they were made: ``weights_sha256`` of the model, ``counting`` and more.
    """

    WHAT = "score"
    FORMAT = "neuronspec-scores-1"

    def __init__(
        self,
        rows: Iterable[str],
        values: NDArray[Any],
        space: UnitSpace,
        metadata: Mapping[str, Any],
        origin: str = "scores",
    ) -> None:
        if values.dtype not in (np.dtype(np.int64), np.dtype(np.float64)):
            raise TypeError(f"scores are int64 or float64, not {values.dtype}")
        super().__init__(rows, values, space, metadata, origin)
        self.values: NDArray[np.int64] | NDArray[np.float64] = values
        self.metadata: Mapping[str, Any] = self._facts

    def write(self, path: str | Path) -> None:
        """Write the table to ``path`` atomically."""
        self._write(path, {"values": self.values}, {"metadata": self.metadata})

    @classmethod
    def _unpack(
        cls, arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]
    ) -> tuple[NDArray[Any], Mapping[str, Any]]:
        return arrays["values"], manifest["metadata"]
