"""Masks selected again during a training, as they were first: by activations of the network as it is now.

What is counted is the validation text of each direction, through the whole network, as before the training.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.activations.count_activations import count_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import data_sha256
from workflow_scripts.models.port import Port
from workflow_scripts.train.training_method import counting_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import POSITIONS, ScoreTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.uninformative import check_informative

logger = logging.getLogger(__name__)

SUBSET = "valid"


def select_again(
    port: Port, masks: MaskTable, data_bin: str, directions: Sequence[str]
) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """Return the units that each direction keeps now, bool [directions, units], and what the manifest says of
    scores that say nothing: they are logged, for a training is not ended by them. ``masks``: those to make
    again, which ``not_renewable`` accepts. UserError where a selector refuses the counts."""
    selection, counting = Selection.of_masks(masks), counting_of(masks)
    if selection is None or counting is None:
        raise ValueError(f"{masks.origin}: not selected by activations")
    rows, positions = [], {}
    for direction in directions:
        task = port.task(Path(data_bin), SUBSET, direction)
        # Where padding is counted, a unit that is active everywhere fires more often than this.
        counts, tally = count_direction(port, task, **counting)
        rows.append(counts.numpy())
        positions[direction] = {"encoder": tally.source_positions, "decoder": tally.target_positions}
    scores = ScoreTable(directions, np.stack(rows), masks.space, {POSITIONS: positions}, "masks made again")
    keep = selection.masks(scores).keep
    noted = check_informative(scores, keep, selection, accept=True)
    for lines in noted.values():
        logger.warning("\n".join(lines))
    return keep, noted


def check_text(masks: MaskTable, data_bin: str, files: Mapping[str, Sequence[Path]]) -> None:
    """Raise UserError if the masks were selected by another text than they will be made again by. ``files``:
    of each direction."""
    known = masks.manifest["data_sha256"] or {}
    for direction, paths in files.items():
        if known.get(direction) != data_sha256(paths):
            raise UserError(
                f"--method: renew: {masks.origin} was selected by another text of {direction} than {SUBSET}"
                f" in {data_bin}, by which it would be made again; take masks of that text"
            )
