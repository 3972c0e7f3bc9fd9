"""Put a test set's references through the text processing and back: the best output a system can have.

Neither SentencePiece's normalisation nor Moses is lossless; ``evaluate.score_ceiling`` scores what comes
back.
"""

import argparse
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.common.checked_options import named_once
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import sha256_of, write_json, write_text
from workflow_scripts.common.patterns import path_of
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.data.binarise import id_table
from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.units.vocabulary import Vocabulary

FORMAT = "neuronspec-round-trip-1"
FIRST_LINES = 1000  # looked at for what Moses alone does
#: Of words that Moses leaves in pieces: more are no accident. Judged by hand (French and German have none in
#: NTREX, Bengali 0.1 %, Kannada 2 %).
MOST_SPLIT_WORDS = 0.005
# Zero-width joiners, Tibetan's mark between syllables, Catalan's point, Armenian's marks of tone and Hebrew's
# geresh and gershayim are inside words.
_INSIDE_WORDS = frozenset("\u200c\u200d\u0f0b\u0f0c\u00b7\u055b\u055c\u055e\u05f3\u05f4")


_of_a_word = cache(lambda one: unicodedata.category(one)[0] in "LMN" or one in _INSIDE_WORDS)


def words_of(line: str) -> list[str]:
    """Return the words: the text between blanks and punctuation."""
    return ["".join(run) for of_a_word, run in groupby(line, _of_a_word) if of_a_word]


def what_moses_does(lines: Iterable[str], processor: TextProcessor) -> dict[str, Any]:
    """Return how many lines come back otherwise than they were, and how many words are no longer whole.
    ``split_words``: something is among their letters, or a joiner is gone."""
    changed = words = split = looked_at = 0
    examples: list[str] = []
    for line in lines:
        looked_at += 1
        back = processor.detokenise(processor.process(line))
        if back == line:
            words += len(words_of(line))
            continue
        changed += 1
        for word in words_of(line):
            words += 1
            if word not in back:
                split += 1
                examples += [word] if len(examples) < 3 and word not in examples else []
    counts = {"lines": looked_at, "changed_lines": changed, "words": words, "split_words": split}
    return {**counts, "cuts_words": split > MOST_SPLIT_WORDS * words, "examples": examples}


def back_again(
    lines: Sequence[str], processor: TextProcessor, vocabulary: Vocabulary, table: npt.NDArray[np.int64]
) -> Iterator[str]:
    """Yield the lines after processing, subwords and the dictionary, and the way back from these. ``table``:
    the vocabulary's id of each SentencePiece id."""
    for pieces in processor.encode_ids(lines):
        symbols = [vocabulary.symbols[number] for number in table[pieces]]
        # As a translation is written (translate.pipeline): on one line.
        yield " ".join(processor.decode(symbols).splitlines())


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    fields = "with {pair} and {target}"
    parser.add_argument("--references", required=True, help=f"prepared text, {fields}")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument(
        "--text", type=TextOptions.from_json, default=TextOptions(), help="JSON: text options"
    )
    parser.add_argument("--subwords", type=Path, required=True)
    parser.add_argument("--dictionary", type=Path, required=True)
    parser.add_argument("--out", required=True, help=f"text files, {fields}")
    parser.add_argument("--stats", type=Path, required=True)
    arguments = parser.parse_args(argv)
    named_once("directions", arguments.directions)
    options: TextOptions = arguments.text
    model, vocabulary = load_subwords(arguments.subwords), Vocabulary.read(arguments.dictionary)
    table = id_table(model, vocabulary, str(arguments.dictionary))
    done: dict[tuple[str, str], tuple[str, dict[str, Any] | None]] = {}
    stats: dict[str, Any] = {}
    for direction in arguments.directions:
        target = split_direction(direction)[1]
        path = path_of(arguments.references, direction)
        # Several pairs may share a side.
        key = target, sha256_of(path)
        if key not in done:
            lines = list(read_text_lines(path))
            processor = TextProcessor(target, options, model)
            text = "".join(f"{line}\n" for line in back_again(lines, processor, vocabulary, table))
            changes = options.moses or options.normalize_punctuation
            done[key] = text, what_moses_does(lines[:FIRST_LINES], processor) if changes else None
        text, moses = done[key]
        write_text(path_of(arguments.out, direction), text)
        stats[direction] = {"references_sha256": key[1], "moses": moses}
        if moses and moses["cuts_words"]:
            print(
                f"WARNING: Moses' tokenisation cuts words of {target} into pieces that detokenisation does "
                f"not join ({moses['split_words']} of {moses['words']} in the first lines, such as "
                f"{', '.join(moses['examples'])}). Train without it: text: {{moses: false}}",
                file=sys.stderr,
            )
    write_json(arguments.stats, {"format": FORMAT, "directions": stats})


if __name__ == "__main__":
    run_main(main)
