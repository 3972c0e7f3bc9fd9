"""The z-scored values that a probe is trained on: held in memory if they fit, else read at each pass."""

from collections.abc import Callable, Iterator
from copy import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.analyse.probes.labelled import Labelled
from workflow_scripts.analyse.probes.matrix import HELD_BYTES, blocks
from workflow_scripts.analyse.probes.moments import Moments

#: Rows of what is held that are multiplied at a time: their products are summed in float64.
HELD_ROWS = 8192


class Design:
    """z-scores of some columns (default: all) of the training rows, by the mean and spread of these rows."""

    def __init__(
        self,
        data: Labelled,
        rows: NDArray[np.int64],
        moments: Moments,
        columns: NDArray[np.int64] | None = None,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        self._data, self._rows, self._columns = data, rows, columns
        chosen = slice(None) if columns is None else columns
        self._mean = torch.from_numpy(moments.mean[chosen])
        self._scale = torch.from_numpy(moments.scale[chosen])
        self.units = len(self._mean)
        self.held: Tensor | None = None
        if 4 * len(rows) * self.units <= held_bytes:
            self.held = torch.empty(len(rows), self.units)
            for span, block in self._read():
                self.held[span] = block

    def part(self, columns: NDArray[np.int64]) -> "Design":
        """Return some of the columns, in memory."""
        part = copy(self)
        part.units = len(columns)
        part._columns = columns if self._columns is None else self._columns[columns]
        part._mean, part._scale = self._mean[columns], self._scale[columns]
        part.held = torch.empty(len(self._rows), part.units) if self.held is None else self.held[:, columns]
        if self.held is None:
            for span, block in part._read():
                part.held[span] = block
        return part

    def _read(self) -> Iterator[tuple[slice, Tensor]]:
        mean, factor = self._mean.float(), (1 / self._scale).float()
        # What float32 loses of the mean, in units of the spread.
        rest = ((self._mean - mean.double()) / self._scale).float()
        for span, block in blocks(self._data.X, self._rows, self._columns):
            yield span, block.sub_(mean).mul_(factor).sub_(rest)

    def blocks(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield (which rows, z-scores float32 of these rows)."""
        if self.held is None:
            yield from self._read()
            return
        for first in range(0, len(self._rows), HELD_ROWS):
            yield slice(first, first + HELD_ROWS), self.held[first : first + HELD_ROWS]

    def sweep(self, weights: Tensor, residual: Callable[[slice, Tensor], Tensor]) -> Tensor:
        """Return Rᵀ X, float64 [C, units], in one pass over the values X.

        ``weights``: float64 W [C, units]. ``residual(rows, X Wᵀ of these rows)`` gives these rows of R.
        """
        found = torch.zeros_like(weights)
        used = weights.float()
        for span, block in self.blocks():
            # The narrow matrix on the left: Xᵀ R takes torch ten times as long.
            found += (residual(span, (block @ used.t()).double()).float().t() @ block).double()
        return found
