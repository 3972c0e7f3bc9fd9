"""Prepare the examples of one task: labelled tables become JSON lines of text and label, checked and counted.

Labels are those of the text to learn from. Where there is no table to choose a checkpoint by, a share of the
examples to learn from is set apart for it. Items with topics can become pairs of them (AG-Pair).
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.common.checked_options import at_least, is_list_of_texts, json_object
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.common.task_metrics import ACCURACY, SPEARMAN, check_metric
from workflow_scripts.common.task_tables import FORMAT, PARTS, TEST, TRAIN, VALID
from workflow_scripts.data.matching import match_topics
from workflow_scripts.data.task_examples import read_examples
from workflow_scripts.data.topic_items import FIELDS, read_items
from workflow_scripts.data.topic_pairs import DIFFERENT, SAME, fitting, numbered, text_of

#: Of all draws: which examples are set apart does not depend on the seed of a training.
SEED = 1

#: The names of columns, by what they hold: of examples, and of items with topics.
OF_TEXTS: dict[str, Any] = {"texts": ["premise", "hypothesis"], "label": "label"}
OF_ITEMS: dict[str, Any] = {name: name for name in FIELDS}

logger = logging.getLogger(__name__)


def _right(value: dict[str, Any]) -> bool:
    if {*value} == {*OF_ITEMS}:
        return all(isinstance(one, str) for one in value.values())
    texts = value.get("texts")
    sides = texts if isinstance(texts, list) else [None]
    right = all(isinstance(one, str) or is_list_of_texts(one) for one in sides)
    return {*value} == {*OF_TEXTS} and right and isinstance(value["label"], str)


def topic_examples(path: Path, columns: Sequence[str] | None) -> Examples:
    """Return pairs of the items of a table as examples, ``same`` or ``different``.

    ``columns``: of topic, title and description, None: the first three, without names. Repeated items, and at
    most three that are over, are left out. UserError as ``read_items`` and ``fitting``.
    """
    read = read_items(path, columns)
    items = fitting(read, str(path), SEED, drop=True)
    if len(items) < len(read):
        logger.info(f"{path}: {len(read) - len(items)} of {len(read)} items are left out: repeated, or over")
    topics = numbered(items)
    try:
        pairs = match_topics(topics, SEED)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    texts = [(text_of(items[one]), text_of(items[other])) for one, other in pairs.items.tolist()]
    return Examples(texts, [SAME if same else DIFFERENT for same in pairs.same.tolist()], str(path))


def part_of(examples: Examples, chosen: Sequence[int]) -> Examples:
    """Return some examples, by their numbers."""
    return Examples([examples.texts[n] for n in chosen], [examples.labels[n] for n in chosen], examples.where)


def parts_of(
    given: dict[str, Examples], held_out: float, most: int | None
) -> tuple[dict[str, Examples], dict[str, int]]:
    """Return the examples of each part, and how many were set apart and left out.

    ``held_out``: the share of the examples to learn from that chooses a checkpoint, where no table does.
    ``most``: examples to learn from, drawn; None: all. UserError: too few to set some apart.
    """
    train = given[TRAIN]
    order = np.random.Generator(np.random.PCG64(SEED)).permutation(len(train)).tolist()
    apart = 0
    if VALID not in given:
        apart = round(held_out * len(train))
        if not 0 < apart < len(train):
            raise UserError(
                f"{train.where}: {held_out:g} of {len(train)} examples are {apart}; give a table for valid,"
                " or hold out another share"
            )
    # In the order that was drawn: the first so many are a sample, also of a table that is sorted by label.
    chosen = order[apart:][:most]
    found = {**given, TRAIN: part_of(train, chosen)}
    if apart:
        found[VALID] = part_of(train, sorted(order[:apart]))
    left_out = len(train) - apart - len(chosen)
    return {name: found[name] for name in PARTS if name in found}, {"held_out": apart, "left_out": left_out}


def checked(parts: dict[str, Examples], regression: bool, metric: str, task: str) -> tuple[str, ...]:
    """Return the labels of a task; none of a regression. UserError for a label that is only in text that is
    not learned from, what is no number, and a metric of other tasks."""
    labels = () if regression else parts[TRAIN].classes()
    for examples in parts.values():
        if regression:
            examples.numbers()
        else:
            examples.numbered(labels)
    check_metric(metric, len(labels), task)
    return labels


def main(argv: list[str] | None = None) -> None:
    """Read the tables of a task and write its examples."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--task", required=True)
    parser.add_argument("--train", type=Path, required=True, metavar="TABLE", help="to learn from")
    parser.add_argument("--valid", type=Path, metavar="TABLE", help="that choose the checkpoint")
    parser.add_argument("--test", type=Path, metavar="TABLE", help="that are measured")
    parser.add_argument(
        "--columns", help="JSON: names of those of texts and label; default for --topics none"
    )
    parser.add_argument("--topics", action="store_true", help="tables of items, of which pairs are made")
    parser.add_argument("--regression", action="store_true", help="labels are numbers")
    parser.add_argument("--metric", help="accuracy, f1, macro_f1, matthews or spearman")
    parser.add_argument(
        "--drop-empty", action="store_true", help="leave out examples without a text or label"
    )
    parser.add_argument("--held-out", type=float, default=0.1, help="where there is no --valid")
    parser.add_argument("--most", type=int, help="examples to learn from, drawn; default all")
    parser.add_argument("--out-root", type=Path, required=True, help="folder of PART/TASK.jsonl")
    parser.add_argument("--out-json", type=Path, required=True, help="what is known of the task")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    at_least("most", arguments.most, 2)
    columns = None
    if arguments.columns:
        columns = json_object(
            "columns", arguments.columns, OF_ITEMS if arguments.topics else OF_TEXTS, _right
        )
    elif not arguments.topics:
        raise UserError(f"--columns is missing: the names of columns, such as {json.dumps(OF_TEXTS)}")
    empty: dict[str, list[int]] = {}

    def read(part: str, path: Path) -> Examples:
        if columns is None or arguments.topics:
            return topic_examples(path, None if columns is None else [columns[name] for name in FIELDS])
        lines = empty.setdefault(part, []) if arguments.drop_empty else None
        return read_examples(path, columns["texts"], columns["label"], lines)

    files = {name: getattr(arguments, name) for name in PARTS if getattr(arguments, name)}
    given = {name: read(name, path) for name, path in files.items()}
    metric = arguments.metric or (SPEARMAN if arguments.regression else ACCURACY)
    parts, numbers = parts_of(given, arguments.held_out, arguments.most)
    labels = checked(parts, arguments.regression, metric, arguments.task)
    learned = set(parts[TRAIN].texts)
    for name, examples in parts.items():
        examples.write(arguments.out_root / name / f"{arguments.task}.jsonl")
    again = {name: sum(text in learned for text in parts[name].texts) for name in parts if name != TRAIN}
    for name, number in again.items():
        if number:
            logger.warning(
                f"{arguments.task}: {number} examples of {name} are also among those to learn from"
            )
    statistics: dict[str, Any] = {
        "format": FORMAT,
        "task": arguments.task,
        "labels": list(labels),
        "metric": metric,
        "examples": {name: len(examples) for name, examples in parts.items()},
        **numbers,
        "empty": {name: len(lines) for name, lines in empty.items()},
        "also_learned": again,
        "sha256": {name: sha256_of(path) for name, path in files.items()},
    }
    write_json(arguments.out_json, statistics)
    said = ", ".join(f"{name} {number}" for name, number in statistics["examples"].items())
    logger.info(f"{arguments.task}: {said}; {len(labels) or 'no'} labels; {TEST if TEST in parts else VALID}")


if __name__ == "__main__":
    run_main(main)
