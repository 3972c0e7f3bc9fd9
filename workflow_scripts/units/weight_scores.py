"""Single weights of attention and FFN, scored by their magnitude in the weights of each direction.

LaSS (Lin et al. 2021) fine-tunes the model in each direction, keeps the largest weights of what comes of it,
and trains all directions on from the model, each through its mask.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import WEIGHTS, ScoreTable
from workflow_scripts.units.space import model_space
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.uninformative import ACCEPTED
from workflow_scripts.units.weights_file import open_weights, weight_name

COUNTING = f"{WEIGHTS}: their magnitude"
#: Of masks: direction -> SHA-256 of the weights that were looked at.
SCORED_ON = "scored_on"


def magnitudes(system: SystemFolder, direction: str) -> ScoreTable:
    """Return the magnitude of each weight of a direction, one row of float64.

    ``weights_sha256`` is that of the system's parent, from which the masks are trained. UserError for a
    direction with an adapter, whose weights are the parent's.
    """
    if system.adapter_of(direction) is not None:
        raise UserError(
            f"{system.folder / DESCRIPTION}: {direction} has an adapter, and its weights were not trained;"
            " name a system that trains them"
        )
    path = system.weights_of(direction)
    weights = open_weights(path, system.architecture)
    space = model_space(system.architecture, ["weight"])
    values = np.concatenate([np.asarray(weights[weight_name(key)]).ravel() for key in space.keys])
    of = system.parent or {"weights_sha256": system.weights_sha256}
    facts = {
        "counting": COUNTING,
        "weights_sha256": of["weights_sha256"],
        SCORED_ON: {direction: system.weights_sha256_of(direction)},
    }
    return ScoreTable([direction], np.abs(values, dtype=np.float64)[None], space, facts, str(path))


def together(tables: Iterable[MaskTable]) -> MaskTable:
    """Return the rows of several tables of magnitudes as one, each only as its bits."""
    rows: Sequence[MaskTable] = list(tables)
    scored = {name: digest for table in rows for name, digest in table.manifest[SCORED_ON].items()}
    names = [name for table in rows for name in table.rows]
    bits = np.concatenate([table.bits for table in rows])
    facts = {**rows[0].manifest, SCORED_ON: scored}
    if accepted := [line for table in rows for line in table.manifest.get(ACCEPTED, [])]:
        facts[ACCEPTED] = accepted
    return MaskTable(names, bits, rows[0].space, facts)
