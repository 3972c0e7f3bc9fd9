"""Turn prepared text into fairseq's binarised form (spec 1.1, step 4).

Input: one side of one pair, the SentencePiece model, the dictionary.
Output: ``PREFIX.bin`` and ``PREFIX.idx``, each sentence its ids and ``</s>`` (language tokens are added
when a batch is made), and statistics as JSON.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.data.mmap_format import prefix_file, write_dataset
from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.files import sha256_of, write_json
from workflow_scripts.units.vocabulary import EOS, UNKNOWN, Vocabulary

FORMAT = "neuronspec-binarised-1"
BLOCK_LINES = 5_000
REPORT_SECONDS = 10.0
FILLER = "madeupword"  # fairseq-preprocess pads released dictionaries with these


@dataclass
class TokenCounts:
    """Sentences, tokens without ``</s>``, and how many of these the dictionary does not know."""

    sentences: int = 0
    tokens: int = 0
    unknown: int = 0


def id_table(subwords: Any, vocabulary: Vocabulary, name: str = "the dictionary") -> npt.NDArray[np.int64]:
    """Return the vocabulary's id of each SentencePiece id, 1-D; ``<unk>`` where it lacks the piece.

    Raises UserError if the dictionary holds pieces that the model cannot produce: it is another model's.
    """
    pieces = [subwords.id_to_piece(i) for i in range(len(subwords))]
    known = set(pieces)
    strange = [s for s in vocabulary.subwords if s not in known and not s.startswith(FILLER)]
    if strange:
        raise UserError(
            f"{name} is not of this SentencePiece model: the model lacks {len(strange)} of its "
            f"{len(vocabulary.subwords)} pieces, such as {strange[0]!r}"
        )
    table = np.array([vocabulary.id_of(piece) for piece in pieces], dtype=np.int64)
    # <s> and </s> are no pieces of text: a sentence that spells them must not end early.
    specials = [i for i in range(len(pieces)) if subwords.is_control(i) or subwords.is_unknown(i)]
    table[specials] = UNKNOWN
    return table


def binarised_sentences(
    lines: Iterator[str], processor: TextProcessor, table: npt.NDArray[np.int64], counts: TokenCounts
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield each line's ids with ``</s>``, 1-D; ``counts`` is updated."""
    started = reported = time.monotonic()
    while block := list(islice(lines, BLOCK_LINES)):
        for pieces in processor.encode_ids(block):
            ids = np.empty(len(pieces) + 1, dtype=np.int64)
            ids[:-1] = table[pieces]
            ids[-1] = EOS
            counts.sentences += 1
            counts.tokens += len(pieces)
            counts.unknown += int(np.count_nonzero(ids == UNKNOWN))
            yield ids
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            speed = counts.sentences / (reported - started)
            print(
                f"binarised {counts.sentences} sentences, {speed:.0f} a second", file=sys.stderr, flush=True
            )


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/architecture.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text-file", type=Path, required=True, help="prepared text, one sentence a line")
    parser.add_argument("--lang", required=True)
    parser.add_argument(
        "--text", type=TextOptions.from_json, default=TextOptions(), help="text options, JSON"
    )
    parser.add_argument("--subwords", type=Path, required=True)
    parser.add_argument("--dictionary", type=Path, required=True)
    parser.add_argument("--out-prefix", required=True, help="the files are PREFIX.bin and PREFIX.idx")
    parser.add_argument("--stats", type=Path, required=True)
    arguments = parser.parse_args(argv)
    processor = TextProcessor(arguments.lang, arguments.text, arguments.subwords)
    vocabulary = Vocabulary.read(arguments.dictionary)
    table = id_table(processor.subwords, vocabulary, str(arguments.dictionary))
    counts = TokenCounts()
    sentences = binarised_sentences(read_text_lines(arguments.text_file), processor, table, counts)
    write_dataset(arguments.out_prefix, sentences, len(vocabulary))
    outputs = {suffix: prefix_file(arguments.out_prefix, suffix) for suffix in ("bin", "idx")}
    write_json(
        arguments.stats,
        {
            "format": FORMAT,
            "language": arguments.lang,
            "sentences": counts.sentences,
            "tokens": counts.tokens,
            "unknown_tokens": counts.unknown,
            "sha256": {suffix: sha256_of(path) for suffix, path in outputs.items()},
            "made_from": {
                "text": sha256_of(arguments.text_file),
                "subwords": sha256_of(arguments.subwords),
                "dictionary": sha256_of(arguments.dictionary),
            },
        },
    )


if __name__ == "__main__":
    run_main(main)
