"""Two translation tasks whose training text is alike to a chosen degree: the same sentences, or others.

Both pairs get equally many sentences of a multi-parallel text, in which line i means the same in every
language. A share of them is the same lines in both; the rest of the second pair's are lines that the first
has not. The first pair's text is the same for every share, and a larger share keeps the common lines of a
smaller one. So only the second task's text changes between shares, and no amount does.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checked_options import at_least, named_once
from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json, write_text
from workflow_scripts.data.readers import Normalised, clean_line, read_raw_lines

FORMAT = "neuronspec-pair-tasks-1"
FIELDS = ("share", "pair", "lang")

logger = logging.getLogger(__name__)


def chosen_lines(
    lines: int, sentences: int, share: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lines of the first and of the second pair, int64 [sentences] each, from 0.

    ``lines``: that there are; ``share``: percent of the sentences that are the same, rounded to whole ones.
    Raises ValueError where there are fewer lines than two texts without a common line need.
    """
    if 2 * sentences > lines:
        raise ValueError(f"{lines} lines are too few for two texts of {sentences} sentences")
    order = np.random.Generator(np.random.PCG64(seed)).permutation(lines)
    common = round(sentences * share / 100)
    first = order[:sentences]
    return first, np.concatenate([first[:common], order[sentences : 2 * sentences - common]])


def written_alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many sentences of a text stand in another one, too, whatever their lines."""
    known = set(other)
    return sum(sentence in known for sentence in one)


def read_languages(pattern: str, languages: Sequence[str]) -> dict[str, list[str]]:
    """Return the lines of each language; UserError if they are not as many, or there are none."""
    if "{lang}" not in pattern:
        raise UserError(f"--files {pattern}: the pattern needs {{lang}}")
    found: dict[str, list[str]] = {}
    for lang in languages:
        path = Path(pattern.replace("{lang}", lang))
        found[lang] = [
            clean_line(raw, path, number, Normalised())
            for number, raw in enumerate(read_raw_lines(path), start=1)
        ]
    sizes = {lang: len(lines) for lang, lines in found.items()}
    if len(set(sizes.values())) > 1 or not all(sizes.values()):
        listed = ", ".join(f"{size} of {lang}" for lang, size in sizes.items())
        raise UserError(f"--files {pattern}: lines must mean the same in every language; there are {listed}")
    return found


def make_tasks(
    text: Mapping[str, Sequence[str]], pairs: Sequence[str], sentences: int, share: int, seed: int
) -> tuple[dict[str, dict[str, list[str]]], dict[str, Any]]:
    """Return pair → language → sentences, and what was made.

    ``text``: language → its lines; ``pairs``: two of them. The facts have ``common_lines``, and by language
    of both pairs ``written_alike``: sentences of the second pair that stand in the first one's text, which
    are more than the common lines where a text repeats itself.
    """
    numbers = chosen_lines(len(next(iter(text.values()))), sentences, share, seed)
    made = {
        pair: {lang: [text[lang][line] for line in lines] for lang in split_direction(pair)}
        for pair, lines in zip(pairs, numbers, strict=True)
    }
    first, second = (made[pair] for pair in pairs)
    alike = {lang: written_alike(second[lang], first[lang]) for lang in first if lang in second}
    common = len(np.intersect1d(*numbers))
    return made, {"share": share, "common_lines": common, "written_alike": alike}


def main(argv: list[str] | None = None) -> None:
    """Write the text of both pairs for each share, and the statistics."""
    parser = argparse.ArgumentParser(description="Two tasks whose training text is alike to a chosen degree.")
    parser.add_argument("--files", required=True, help="multi-parallel text, a pattern with {lang}")
    parser.add_argument("--pairs", nargs=2, required=True, help="such as de-en en-fr")
    parser.add_argument("--sentences", type=int, help="of each pair; default: half of all lines")
    parser.add_argument("--shares", nargs="+", type=int, default=[0, 50, 100], help="in percent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True, help="a pattern with {share}, {pair} and {lang}")
    parser.add_argument("--stats", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    pairs = [pair_of(pair) for pair in arguments.pairs]
    if pairs[0] == pairs[1]:
        raise UserError(f"--pairs: {' and '.join(arguments.pairs)} are one pair, whose text is one")
    at_least("sentences", arguments.sentences, 1)
    named_once("shares", arguments.shares)
    if wrong := [share for share in arguments.shares if not 0 <= share <= 100]:
        raise UserError(f"--shares {wrong[0]}: a share is in percent, from 0 to 100")
    if missing := [name for name in FIELDS if f"{{{name}}}" not in arguments.out]:
        raise UserError(f"--out {arguments.out}: the pattern needs {{{missing[0]}}}")
    text = read_languages(arguments.files, list(dict.fromkeys("-".join(pairs).split("-"))))
    lines = len(next(iter(text.values())))
    sentences = arguments.sentences or lines // 2
    if not 0 < 2 * sentences <= lines:
        raise UserError(
            f"--sentences {sentences}: two texts without a common line need {max(2, 2 * sentences)} lines,"
            f" and {arguments.files} has {lines}; take at most {lines // 2}"
        )
    shares, hashes = [], {}
    for share in arguments.shares:
        made, facts = make_tasks(text, pairs, sentences, share, arguments.seed)
        shares.append(facts)
        for pair, sides in made.items():
            for lang, side in sides.items():
                values = {"share": str(share), "pair": pair, "lang": lang}
                path = arguments.out
                for name, value in values.items():
                    path = path.replace(f"{{{name}}}", value)
                write_text(path, "".join(f"{sentence}\n" for sentence in side))
                hashes[path] = sha256_of(path)
        logger.info(f"{share} %: {facts['common_lines']} of {sentences} lines are common")
    facts = {"format": FORMAT, "pairs": pairs, "lines": lines, "sentences": sentences, "seed": arguments.seed}
    write_json(arguments.stats, {**facts, "shares": shares, "sha256": hashes})


if __name__ == "__main__":
    run_main(main)
