"""``import neuronspec``: the public functions, for notebooks and other programs (docs/how-to/python.md).

Importing needs numpy alone; a function that needs more says which extra has it.
"""

from workflow_scripts import __version__
from workflow_scripts.analyse.overlap import iou_matrix
from workflow_scripts.analyse.overlaps.crossed import mask_overlap
from workflow_scripts.api.counts import count_activations, read_counts
from workflow_scripts.api.model import Model, attach, load
from workflow_scripts.api.scoring import score_text
from workflow_scripts.api.selecting import above_others, select, without
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.lape import lape_sets
from workflow_scripts.units.mask_sets import Groups, mask_rows, random_like, random_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import all_masks, mass_masks
from workflow_scripts.units.selectors import keep_all, mass, parse_selector
from workflow_scripts.units.space import UnitGroup, UnitSpace, ffn_space, model_space
from workflow_scripts.units.system import SystemFolder

__all__ = [
    "Groups",
    "MaskTable",
    "Model",
    "ScoreTable",
    "SystemFolder",
    "UnitGroup",
    "UnitSpace",
    "UserError",
    "__version__",
    "above_others",
    "all_masks",
    "attach",
    "count_activations",
    "ffn_space",
    "iou_matrix",
    "keep_all",
    "lape_sets",
    "load",
    "mask_overlap",
    "mask_rows",
    "mass",
    "mass_masks",
    "model_space",
    "parse_selector",
    "random_like",
    "random_masks",
    "read_counts",
    "score_text",
    "select",
    "without",
]
