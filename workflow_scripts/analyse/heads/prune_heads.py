"""Prune the attention heads that matter most to a task: what does it lose, and what do other tasks lose?

Important attention-head pruning (Michel et al. 2019; Li et al. 2023): heads are ranked for each task by their
importance on one text, removed in growing numbers while the model runs, and every task is measured on another
text. Random heads by the same rule say what any heads would do. Pruning changes no weight.
"""

import argparse
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.activations.count_activations import data_sha256
from workflow_scripts.activations.score_importance import COUNTING, importances
from workflow_scripts.analyse.heads.pruning import Heads, PruningRule, layer_normalised, names_of
from workflow_scripts.analyse.heads.pruning_results import Asked, Measured, findings
from workflow_scripts.analyse.heads.pruning_tables import CSV_COLUMNS, csv_rows, markdown
from workflow_scripts.analyse.heads.task_similarity import similarities, subword_counts
from workflow_scripts.analyse.mask_control import MAX_TOKENS, measure
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.common.checked_options import at_least, is_list_of_texts, json_object, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_csv, write_json, write_text
from workflow_scripts.common.task_groups import BY, tasks_of
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import IMPORTANCE, IMPORTANCES
from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scorer:
    """How a task's heads are scored: the mean over its directions of their importance per token.

    ``batches_of``: direction → its text; ``laid``: direction → what the system has for it; ``estimator``:
    one of ``IMPORTANCES``; ``normalise``: divide by the norm within each layer's attention.
    """

    port: Port
    space: UnitSpace
    batches_of: Mapping[str, Batches]
    laid: Mapping[str, AbstractContextManager[None]]
    estimator: str = IMPORTANCE
    normalise: bool = False

    def importance(self, directions: Sequence[str], gone: Heads | None = None) -> NDArray[np.float64]:
        """Return the importance of every head, float64 [heads], with those of ``gone`` pruned already."""
        masks = None
        if gone is not None and gone.any():
            masks = self.port.intervene(MaskTable(["pruned"], ~gone[None], self.space, {}))
        found = []
        for direction in directions:
            with self.laid[direction], nullcontext() if masks is None else masks.use("pruned"):
                scored = importances(self.port, self.batches_of[direction], self.space)
            one = scored.per_token(self.estimator)
            found.append(layer_normalised(one, self.space) if self.normalise else one)
        mean: NDArray[np.float64] = np.mean(found, axis=0)
        return mean

    def pruned(
        self, tasks: Mapping[str, Sequence[str]], rule: PruningRule, exact: bool
    ) -> tuple[dict[str, dict[str, Heads]], dict[str, NDArray[np.float64]]]:
        """Return each task's pruned heads, task → size → bool [heads], and its importances, none pruned.

        ``exact``: importance is taken again, with the heads that are gone, before each further size.
        """
        scores = {name: self.importance(directions) for name, directions in tasks.items()}
        if not exact:
            return {name: rule.steps(rule.order(one), self.space) for name, one in scores.items()}, scores
        found: dict[str, dict[str, Heads]] = {}
        for name, directions in tasks.items():
            gone, again, steps = np.zeros(self.space.size, dtype=np.bool_), scores[name], {}
            for size, wanted in rule.counts(self.space).items():
                if gone.any():
                    again = self.importance(directions, gone)
                steps[size] = gone = rule.extended(gone, rule.order(again), wanted, self.space)
            found[name] = steps
        return found, scores


def losses(
    port: Port,
    sets: Mapping[tuple[str, str], Heads],
    space: UnitSpace,
    batches_of: Mapping[str, Batches],
    laid: Mapping[str, AbstractContextManager[None]],
) -> tuple[Measured, dict[str, dict[str, int]]]:
    """Return the loss of every direction, nats per token, of the whole model and without each set of heads,
    and what was run: direction → ``tokens``, ``sentences``.

    ``sets``: (task or draw, size) → bool [heads]. Sets of the same heads are run once.
    """
    distinct = {gone.tobytes(): gone for gone in sets.values()}
    rows = {key: str(number) for number, key in enumerate(distinct)}
    masks = port.intervene(MaskTable(rows.values(), ~np.stack([*distinct.values()]), space, {}))
    base: dict[str, float] = {}
    after: dict[tuple[str, str], dict[str, float]] = {key: {} for key in sets}
    texts, start = {}, time.monotonic()
    for done, (direction, batches) in enumerate(batches_of.items(), start=1):
        with laid[direction]:
            (base[direction], *values), tokens = measure(port, masks, batches, [None, *rows.values()])
        by_heads = dict(zip(rows, values, strict=True))
        for key, gone in sets.items():
            after[key][direction] = by_heads[gone.tobytes()]
        texts[direction] = {"tokens": tokens, "sentences": sum(map(len, batches.lines))}
        left = (time.monotonic() - start) / done * (len(batches_of) - done)
        logger.info(f"{direction}: {len(rows)} sets of heads | {done}/{len(batches_of)}, left {left:.0f} s")
    return Measured("nll", False, base, after), texts


def _is_of_texts(found: dict[str, Any]) -> bool:
    return is_list_of_texts([*found.values()])


def main(argv: list[str] | None = None) -> None:
    """Prune the heads of every task and write JSON, CSV and Markdown."""
    parser = argparse.ArgumentParser(description="What tasks lose without the heads that matter to them.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--data-bin", type=Path, required=True)
    parser.add_argument("--score-subset", required=True, help="text on which heads are scored")
    parser.add_argument("--score-sentences", type=int, help="score on the first so many; default all")
    parser.add_argument("--subset", required=True, help="text on which tasks are measured")
    parser.add_argument("--max-sentences", type=int, help="measure on the first so many; default all")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--tasks", choices=BY, default=BY[0], help="what a task is")
    parser.add_argument("--pivot")
    parser.add_argument("--families", default="{}", help='JSON: {"de": "germanic", …}')
    parser.add_argument("--of", choices=IMPORTANCES, default=IMPORTANCE, help="estimator of importance")
    parser.add_argument("--normalise", action="store_true", help="by the norm within each layer's attention")
    parser.add_argument("--sizes", nargs="+", required=True, help="how many heads go: 20%% or 12")
    parser.add_argument("--scope", choices=("type", "model"), default="type", help="what they are of")
    parser.add_argument("--keep-per-layer", type=int, default=0, help="heads of an attention that stay")
    parser.add_argument("--ascending", action="store_true", help="the least important heads go first")
    parser.add_argument("--exact", action="store_true", help="score again before each size")
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="random prunings")
    parser.add_argument("--permutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--out-json", type=Path, required=True)
    parser.add_argument("--out-csv", type=Path, required=True)
    parser.add_argument("--out-markdown", type=Path, required=True)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("keep-per-layer", arguments.keep_per_layer, 0)
    at_least("permutations", arguments.permutations, 1)
    for option in ("score_sentences", "max_sentences"):
        at_least(option.replace("_", "-"), getattr(arguments, option), 1)
    named_once("directions", arguments.directions)
    named_once("sizes", arguments.sizes)
    if arguments.score_subset == arguments.subset:
        raise UserError(f"--subset {arguments.subset}: heads are scored on it; measure tasks on another text")
    families = json_object("families", arguments.families, {"de": "germanic"}, _is_of_texts)
    tasks = tasks_of(arguments.directions, arguments.tasks, arguments.pivot, families)
    rule = PruningRule(arguments.sizes, arguments.scope, arguments.keep_per_layer, arguments.ascending)

    system = SystemFolder.read(arguments.system)
    port = load(system)
    space = port.space(["head"])
    counts = rule.counts(space)
    laid = {name: port.direction(name) for name in arguments.directions}
    text: dict[str, dict[str, Batches]] = {}
    hashes: dict[str, dict[str, str]] = {}
    limits = {arguments.score_subset: arguments.score_sentences, arguments.subset: arguments.max_sentences}
    for subset, most in limits.items():
        opened = {name: port.task(arguments.data_bin, subset, name) for name in arguments.directions}
        text[subset] = {name: port.batches(one, MAX_TOKENS, max_lines=most) for name, one in opened.items()}
        hashes[subset] = {name: data_sha256(one.files) for name, one in opened.items()}
    scorer = Scorer(port, space, text[arguments.score_subset], laid, arguments.of, arguments.normalise)
    pruned, scores = scorer.pruned(tasks, rule, arguments.exact)
    random = rule.random_steps(arguments.draws, space, arguments.seed)
    sets = {(name, size): gone for name, of in {**pruned, **random}.items() for size, gone in of.items()}
    measured, texts = losses(port, sets, space, text[arguments.subset], laid)
    vocabulary = Vocabulary.read(system.dictionary, system.languages)
    subwords = {
        name: subword_counts(port, batches, vocabulary) for name, batches in text[arguments.subset].items()
    }
    result: dict[str, Any] = {
        "format": "neuronspec-prune-heads-1",
        "system": system.system,
        "seed": arguments.seed,
        "weights_sha256": {name: system.weights_sha256_of(name) for name in arguments.directions},
        "scored_on": arguments.score_subset,
        "scored_sentences": {
            name: sum(map(len, one.lines)) for name, one in text[arguments.score_subset].items()
        },
        "subset": arguments.subset,
        "data_sha256": hashes,
        "texts": texts,
        "counting": COUNTING[arguments.of].partition(",")[0] + ", per token of the unit's stack",
        "normalised": arguments.normalise,
        "scope": arguments.scope,
        "keep_per_layer": arguments.keep_per_layer,
        "ascending": arguments.ascending,
        "exact": arguments.exact,
        "draws": list(random),
        "permutations": arguments.permutations,
        "tasks": tasks,
        "groups": {group.key: group.size for group in space.groups},
        "importance": {
            name: {key: one[span].tolist() for key, span in space.slices().items()}
            for name, one in scores.items()
        },
        "sizes": counts,
        "pruned": {
            name: {size: names_of(gone, space) for size, gone in steps.items()}
            for name, steps in pruned.items()
        },
    }
    asked = Asked(tasks, list(counts), list(random), arguments.permutations, arguments.seed)
    result |= findings(asked, [measured], similarities(tasks, subwords, families))
    write_json(arguments.out_json, result)
    write_csv(arguments.out_csv, CSV_COLUMNS, csv_rows(result))
    write_text(arguments.out_markdown, markdown(result))


if __name__ == "__main__":
    run_main(main)
