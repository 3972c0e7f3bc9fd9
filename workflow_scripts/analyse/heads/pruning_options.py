"""Options of the command lines that prune heads: how heads are ranked, taken and drawn."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from workflow_scripts.analyse.heads.pruning import PruningRule
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.common.checked_options import at_least, named_once
from workflow_scripts.units.score_table import IMPORTANCE, IMPORTANCES


def add_pruning(parser: ArgumentParser, scope: str) -> None:
    """Add them; ``scope``: the default of what heads are ranked over."""
    parser.add_argument("--of", choices=IMPORTANCES, default=IMPORTANCE, help="estimator of importance")
    parser.add_argument("--normalise", action="store_true", help="by the norm within each layer's attention")
    parser.add_argument("--sizes", nargs="+", required=True, help="how many heads go: 20%% or 12")
    parser.add_argument("--scope", choices=("type", "model"), default=scope, help="what they are of")
    parser.add_argument("--keep-per-layer", type=int, default=0, help="heads of an attention that stay")
    parser.add_argument("--ascending", action="store_true", help="the least important heads go first")
    parser.add_argument("--exact", action="store_true", help="score again before each size")
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="random prunings")
    parser.add_argument("--permutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")


def pruning_rule(arguments: Namespace, numbers: Sequence[str]) -> PruningRule:
    """Return the rule; ``numbers``: options of a number of lines. Raises UserError: a number is too small,
    or a size that is there twice."""
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("keep-per-layer", arguments.keep_per_layer, 0)
    at_least("permutations", arguments.permutations, 1)
    for option in numbers:
        at_least(option, getattr(arguments, option.replace("-", "_")), 1)
    named_once("sizes", arguments.sizes)
    return PruningRule(arguments.sizes, arguments.scope, arguments.keep_per_layer, arguments.ascending)
