"""Pairs of texts of the same topic and of different ones: a classification task of known balance (AG-Pair).

Each item stands in two pairs. The file has two passes, and in each pass every item once: half of each topic's
items in pairs of the same topic, half in pairs across topics, drawn anew. So half of all pairs are `same`,
and how often an item is in such a pair says nothing of its topic.
"""

import argparse
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json, write_text
from workflow_scripts.data.matching import Pairs, check_pairs, match_topics
from workflow_scripts.data.topic_items import FIELDS, Item, read_items

FORMAT = "neuronspec-topic-pairs-1"
COLUMNS = ("label", "news1-sentence1", "news1-sentence2", "news2-sentence1", "news2-sentence2")
SAME, DIFFERENT = "same", "different"
#: Two passes, and in each as many pairs of either label: pairs come in fours.
MULTIPLE = 4
#: Two for a pair of the topic, and two for other pairs, in each pass.
FEWEST = 4

logger = logging.getLogger(__name__)


def text_of(item: Item) -> str:
    """Return an item as one text, the one that a model reads of each side of a pair."""
    return f"{item.title} - {item.description}"


def fitting(items: Sequence[Item], where: str, seed: int, drop: bool = False) -> list[Item]:
    """Return items of which pairs can be made.

    ``drop``: repeated items are left out (the first stays), and at random as many (at most three) as make
    the number a multiple of 4; else either is an error. Raises UserError: that, or a topic with too few
    items, or fewer than two topics.
    """
    seen: dict[tuple[str, str], Item] = {}
    for item in items:
        first = seen.setdefault((item.title, item.description), item)
        if first is not item and not drop:
            raise UserError(
                f"{where}: lines {first.line} and {item.line} are the same text; --drop leaves repeated"
                " items out"
            )
    kept = list(seen.values())
    if (more := len(kept) % MULTIPLE) and not drop:
        raise UserError(
            f"{where}: {len(kept)} items; as many same as different pairs with every item twice need a"
            f" multiple of {MULTIPLE}: leave {more} out, or take --drop"
        )
    generator = np.random.Generator(np.random.PCG64(seed))
    left_out = set(generator.permutation(len(kept))[:more].tolist())
    kept = [item for number, item in enumerate(kept) if number not in left_out]
    by_topic = Counter(item.topic for item in kept)
    if len(by_topic) < 2:
        raise UserError(f"{where}: one topic, {next(iter(by_topic), '')!r}; different pairs need two")
    topic, fewest = min(by_topic.items(), key=lambda one: one[1])
    if fewest < FEWEST:
        raise UserError(
            f"{where}: the topic {topic!r} has {fewest} item{'s' * (fewest != 1)}; pairs need {FEWEST}: add"
            " some, or leave it out"
        )
    return kept


def numbered(items: Sequence[Item]) -> NDArray[np.int64]:
    """Return the topics of items as numbers, int64 [items]."""
    names = {name: number for number, name in enumerate(dict.fromkeys(item.topic for item in items))}
    return np.array([names[item.topic] for item in items], dtype=np.int64)


def lines_of(items: Sequence[Item], pairs: Pairs) -> list[str]:
    """Return the lines of the TSV file, its first one the names of the columns."""
    rows = [
        (SAME if same else DIFFERENT, *(field for one in two for field in (one.title, one.description)))
        for same, two in (
            (same, (items[one], items[other]))
            for same, (one, other) in zip(pairs.same.tolist(), pairs.items.tolist(), strict=True)
        )
    ]
    return ["\t".join(row) for row in [COLUMNS, *rows]]


def main(argv: list[str] | None = None) -> None:
    """Read items, make pairs, check them, and write the TSV file and its statistics."""
    parser = argparse.ArgumentParser(description="Pairs of texts of the same topic and of different ones.")
    parser.add_argument("--items", type=Path, required=True, help="a .csv, .tsv or .jsonl file")
    parser.add_argument(
        "--columns", nargs=3, default=list(FIELDS), metavar=tuple(name.upper() for name in FIELDS)
    )
    parser.add_argument("--no-header", action="store_true", help="the first three columns are these")
    parser.add_argument("--drop", action="store_true", help="leave out repeated items, and what is over")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="TSV file to write")
    parser.add_argument("--stats", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    found = read_items(arguments.items, None if arguments.no_header else arguments.columns)
    items = fitting(found, str(arguments.items), arguments.seed, arguments.drop)
    topics = numbered(items)
    try:
        pairs = match_topics(topics, arguments.seed)
    except ValueError as error:
        names = list(dict.fromkeys(item.topic for item in items))
        raise UserError(f"{arguments.items}: {_named(str(error), names)}") from None
    checked = check_pairs(pairs, topics)
    write_text(arguments.out, "".join(f"{line}\n" for line in lines_of(items, pairs)))
    statistics: dict[str, Any] = {
        "format": FORMAT,
        "seed": arguments.seed,
        "items_read": len(found),
        "topics": dict(Counter(item.topic for item in items)),
        **checked,
        "sha256": {"items": sha256_of(arguments.items), "pairs": sha256_of(arguments.out)},
    }
    write_json(arguments.stats, statistics)
    logger.info(f"{checked['same']} same and {checked['different']} different pairs of {len(items)} items")


def _named(message: str, names: Sequence[str]) -> str:
    """Put the name of a topic in the place of its number."""
    for number, name in enumerate(names):
        message = message.replace(f"topic {number} ", f"the topic {name!r} ")
    return message


if __name__ == "__main__":
    run_main(main)
