"""What surrounds one process of a training: the others, its device, its end, and who it asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.models.port import Port
from workflow_scripts.units.mask_table import MaskTable

#: Port of the network as it is, masks, data folder, directions → the units that each keeps now, more facts.
SelectAgain = Callable[[Port, MaskTable, str, Sequence[str]], tuple[NDArray[np.bool_], dict[str, Any]]]


def never(seconds: float) -> bool:
    """The end of a process without a time limit is never near."""
    return False


@dataclass(frozen=True)
class Surroundings:
    """Where a training runs, pickled: its number of processes, and this one's number of its device.
    `end_is_near`: the next so many seconds do not fit before this process must end. `check_owner`: raises
    UserError if the training's folder is no longer this process's; `select_again` makes masks again."""

    processes: int
    device: int
    check_owner: Callable[[Path], None]
    select_again: SelectAgain
    end_is_near: Callable[[float], bool] = never
