"""Prune the attention heads that matter most to a task: what does it lose, and what do other tasks lose?

Important attention-head pruning (Michel et al. 2019; Li et al. 2023): heads are ranked for each task by their
importance on one text, removed in growing numbers while the model runs, and every task is measured on another
text. Random heads by the same rule say what any heads would do. Pruning changes no weight.
"""

import argparse
from pathlib import Path
from typing import Any

from workflow_scripts.analyse.effects.decoded import add_translations, checked_tokenizers
from workflow_scripts.analyse.heads.head_sets import HeadSets
from workflow_scripts.analyse.heads.measured_tasks import losses, open_texts
from workflow_scripts.analyse.heads.pruning_options import add_pruning, pruning_rule
from workflow_scripts.analyse.heads.pruning_results import Asked, Measured, findings
from workflow_scripts.analyse.heads.pruning_tables import CSV_COLUMNS, csv_rows, markdown
from workflow_scripts.analyse.heads.scorer import Scorer
from workflow_scripts.analyse.heads.task_similarity import similarities, subword_counts
from workflow_scripts.analyse.heads.translated_tasks import translations
from workflow_scripts.analyse.stage_options import add_tables, is_object_of_texts, write_tables
from workflow_scripts.common.checked_options import json_object, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.task_groups import BY, tasks_of
from workflow_scripts.models.port import load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.system import SystemFolder


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
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
    add_pruning(parser, "type")
    add_translations(parser)
    add_tables(parser)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Prune the heads of every task and write JSON, CSV and Markdown."""
    arguments = parser_of().parse_args(argv)
    log_to_stderr()
    rule = pruning_rule(arguments, ("score-sentences", "max-sentences"))
    named_once("directions", arguments.directions)
    if arguments.score_subset == arguments.subset:
        raise UserError(f"--subset {arguments.subset}: heads are scored on it; measure tasks on another text")
    tokenizers = checked_tokenizers(arguments)
    families = json_object("families", arguments.families, {"de": "germanic"}, is_object_of_texts)
    tasks = tasks_of(arguments.directions, arguments.tasks, arguments.pivot, families)

    system = SystemFolder.read(arguments.system)
    port = load(system)
    space = port.space(["head"])
    rule.counts(space)  # before the model runs: sizes that cannot be
    laid = {name: port.direction(name) for name in arguments.directions}
    most_of = {arguments.score_subset: arguments.score_sentences, arguments.subset: arguments.max_sentences}
    text, hashes = open_texts(port, arguments.data_bin, most_of, arguments.directions)
    scorer = Scorer(port, space, text[arguments.score_subset], laid, arguments.of, arguments.normalise)
    heads = HeadSets.of(scorer, tasks, rule, arguments.exact, arguments.draws, arguments.seed)
    measured, texts = losses(port, heads.sets, space, text[arguments.subset], laid)
    scored: list[Measured] = []
    translated: dict[str, Any] = {}
    if arguments.metrics:
        scored, translated = translations(
            port,
            system,
            heads.sets,
            space,
            arguments.directions,
            (arguments.sources, arguments.references),
            arguments.metrics,
            arguments.decoded_sentences,
            tokenizers,
        )
    subwords = {name: subword_counts(port, batches) for name, batches in text[arguments.subset].items()}
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
        "translations": translated,
        **heads.facts(arguments.permutations),
    }
    asked = Asked(tasks, list(heads.counts), list(heads.random), arguments.permutations, arguments.seed)
    result |= findings(asked, [measured, *scored], similarities(tasks, subwords, families))
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))


if __name__ == "__main__":
    run_main(main)
