"""Replace each subword of binarised text by a random piece of the vocabulary; sentences keep their lengths.

Neither special tokens nor tokens of a language, a domain or a task are drawn. What is drawn depends on the
text's name, the language and the lengths alone: pairs with one side share it after it, too.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.data.mmap_format import MmapReader, prefix_file, write_dataset
from workflow_scripts.data.varied_pair import FORMAT
from workflow_scripts.data.vary_text import generator_of
from workflow_scripts.units.vocabulary import EOS, FILLERS, SPECIALS, TAG, Vocabulary


def pieces_of_text(vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the ids that can be drawn. Raises UserError if the dictionary has none."""
    special = set(SPECIALS)
    ids = [
        vocabulary.id_of(symbol)
        for symbol in vocabulary.subwords
        if symbol not in special and not symbol.startswith(FILLERS) and not TAG.fullmatch(symbol)
    ]
    if not ids:
        raise UserError("the dictionary has no piece of text, but tokens of languages and the like alone")
    return np.array(ids, dtype=np.int64)


def random_sentences(
    sentences: MmapReader, pieces: NDArray[np.int64], name: str
) -> Iterator[NDArray[np.int64]]:
    """Yield sentences of the same lengths; ``</s>`` stays at their ends."""
    generator = generator_of(name)
    for sentence in sentences:
        drawn = generator.choice(pieces, size=len(sentence))
        yield np.where(np.asarray(sentence) == EOS, EOS, drawn)


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description="Replace each subword of binarised text by a random one.")
    parser.add_argument("--name", required=True, help="of the text that is made: decides what is drawn")
    parser.add_argument("--bin-prefix", required=True, help="the files are PREFIX.bin and PREFIX.idx")
    parser.add_argument("--lang", required=True)
    parser.add_argument("--languages", nargs="+", help="whose side is changed; default: all")
    parser.add_argument("--dictionary", type=Path, required=True)
    parser.add_argument("--out-prefix", required=True)
    parser.add_argument("--stats", type=Path, required=True)
    arguments = parser.parse_args(argv)
    vocabulary = Vocabulary.read(arguments.dictionary)
    sentences = MmapReader(arguments.bin_prefix)
    changed = arguments.lang in (arguments.languages or [arguments.lang])
    made = (
        random_sentences(sentences, pieces_of_text(vocabulary), f"{arguments.name} {arguments.lang}")
        if changed
        else iter(sentences)
    )
    lines, tokens = write_dataset(arguments.out_prefix, made, len(vocabulary))
    statistics = {
        "format": FORMAT,
        "language": arguments.lang,
        "change": "random_tokens" if changed else None,
        "sentences": lines,
        "tokens": tokens - lines,
        "sha256": {suffix: sha256_of(prefix_file(arguments.out_prefix, suffix)) for suffix in ("bin", "idx")},
        "made_from": {"dictionary": sha256_of(arguments.dictionary)},
    }
    write_json(arguments.stats, statistics)
    print(f"{arguments.lang}: {lines} sentences, {tokens - lines} subwords", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
