"""Pruned heads of tasks with metrics: what each loses without the heads that matter to it, and to others.

The setting of the papers on encoders (Michel et al. 2019; Li et al. 2023): tasks such as those of GLUE, each
with a head and a metric of its own. ``prune_heads`` is the same for directions of translation.
"""

from collections.abc import Mapping
from typing import Any

from workflow_scripts.analyse.heads.head_sets import HeadSets
from workflow_scripts.analyse.heads.measured_tasks import losses, own_metrics
from workflow_scripts.analyse.heads.pruning import PruningRule
from workflow_scripts.analyse.heads.pruning_results import Asked, findings
from workflow_scripts.analyse.heads.scorer import Scorer
from workflow_scripts.analyse.heads.task_similarity import SUBWORDS, cosine_matrix, subword_counts
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.common.checked_options import at_least
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port import Batches, Port, measuring
from workflow_scripts.units.score_table import IMPORTANCE


def prune_tasks(
    port: Port,
    score_text: Mapping[str, Batches],
    text: Mapping[str, Batches],
    rule: PruningRule,
    *,
    estimator: str = IMPORTANCE,
    normalise: bool = False,
    exact: bool = False,
    draws: int = FEWEST_DRAWS,
    permutations: int = 10_000,
    seed: int = 1,
    system: str = "encoder",
    scored_on: str = "train",
    subset: str = "test",
) -> dict[str, Any]:
    """Prune the heads of every task and return what ``pruning_tables`` shows: curves, matrices, dissociation.

    ``score_text``: task → the examples on which heads are scored; ``text``: those on which it is measured, by
    its loss and by its own metric. ``system``, ``scored_on``, ``subset``: names for the tables. UserError: a
    port without metrics, fewer than two tasks, other tasks in ``text``, few draws, what the rule refuses.
    """
    at_least("draws", draws, FEWEST_DRAWS)
    own = measuring(port, "pruning by the metrics of tasks")
    if list(score_text) != list(text) or len(text) < 2:
        raise UserError(
            f"heads are scored for {', '.join(score_text) or 'no task'} and measured on"
            f" {', '.join(text) or 'none'}; the two have to be the same tasks, at least two"
        )
    space = own.space(["head"])
    rule.counts(space)  # before the model runs: sizes that cannot be
    tasks = {name: [name] for name in text}
    laid = {name: own.direction(name) for name in text}
    scorer = Scorer(own, space, score_text, laid, estimator, normalise)
    heads = HeadSets.of(scorer, tasks, rule, exact, draws, seed)
    measured, texts = losses(own, heads.sets, space, text, laid)
    by_metric, metrics = own_metrics(own, heads.sets, space, text, laid)
    subwords = [subword_counts(own, batches)[0] for batches in text.values()]
    result: dict[str, Any] = {
        "format": "neuronspec-prune-tasks-1",
        "system": system,
        "seed": seed,
        "scored_on": scored_on,
        "scored_sentences": {name: sum(map(len, one.lines)) for name, one in score_text.items()},
        "subset": subset,
        "texts": texts,
        "task_metrics": metrics,
        **heads.facts(permutations),
    }
    asked = Asked(tasks, list(heads.counts), list(heads.random), permutations, seed)
    return result | findings(asked, [measured, by_metric], {SUBWORDS: cosine_matrix(subwords)})
