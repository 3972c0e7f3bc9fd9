"""Train the joint SentencePiece model of all languages and write the dictionary.

``dict.txt`` has the pieces in order without ``<unk> <s> </s>``, each with a count of 100, as released
data-bins do. Deterministic: one thread, and the sample follows from the seed.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import atomic_path, sha256_of, write_text
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.text import TextOptions, TextProcessor

COUNT = 100  # written for every piece; fairseq reads the order only
LONGEST_LINE = 1 << 16  # bytes; SentencePiece skips longer lines
LEAST_COVERAGE = 0.98  # SentencePiece's own limit
LARGEST_VOCABULARY = 1_000_000
SMALLEST_VOCABULARY = 8  # the three specials, the blank and something to write with
SAMPLE_BLOCK = 1_000_000  # lines
REPORT_EVERY = 500_000  # lines
ModelType = Literal["bpe", "unigram"]
Normalization = Literal["nmt_nfkc", "nfkc", "identity"]


def training_files(text_root: Path, pairs: Sequence[str], languages: Sequence[str]) -> list[tuple[Path, str]]:
    """Return the (file, language) of every different training text. Raises UserError for a missing file, and
    for a language without any."""
    files: dict[tuple[str, str], Path] = {}
    for pair in pairs:
        for language in split_direction(pair):
            if language not in languages:
                hint = nearest(language, languages)
                raise UserError(f"pair {pair}: {language!r} is not of the languages{hint}")
            path = text_root / "train" / f"{pair}.{language}.txt"
            if not path.is_file():
                raise UserError(f"{path}: there is no such training text")
            files.setdefault((language, sha256_of(path)), path)
    without = [language for language in languages if language not in {found for found, _ in files}]
    if without:
        raise UserError(f"language {without[0]!r} has no training text in the pairs {', '.join(pairs)}")
    return [(path, language) for (language, _), path in files.items()]


def choose_lines(total: int, sample: int, seed: int) -> Iterator[int]:
    """Yield the numbers, rising, of ``sample`` of ``total`` lines; every choice is equally likely. Block by
    block: how many of a block's lines are chosen is hypergeometric, which of them is uniform."""
    rng = np.random.default_rng(seed)
    for start in range(0, total, SAMPLE_BLOCK):
        lines = min(SAMPLE_BLOCK, total - start)
        chosen = int(rng.hypergeometric(sample, total - start - sample, lines))
        yield from (start + np.sort(rng.choice(lines, size=chosen, replace=False))).tolist()
        sample -= chosen


def sampled_text(
    files: Sequence[tuple[Path, str]], options: TextOptions, sample: int, seed: int
) -> Iterator[str]:
    """Yield processed training lines: a seeded sample uniform over the lines of all files, or all of them
    (``sample`` 0, or no fewer than there are)."""
    total = sum(1 for path, _ in files for _ in read_text_lines(path)) if sample else 0
    wanted = choose_lines(total, sample, seed) if sample < total else None
    following = next(wanted, -1) if wanted is not None else -1
    number = given = 0
    for path, language in files:
        processor = TextProcessor(language, options)
        for line in read_text_lines(path):
            if wanted is None or number == following:
                following = next(wanted, -1) if wanted is not None else -1
                given += 1
                if given % REPORT_EVERY == 0:
                    print(f"subwords: {given} lines read", file=sys.stderr, flush=True)
                yield processor.process(line)
            number += 1
    print(f"subwords: {given} lines of {len(files)} files", file=sys.stderr, flush=True)


def train_model(
    lines: Iterator[str],
    vocabulary_size: int,
    model_type: ModelType,
    character_coverage: float,
    normalization: Normalization = "nmt_nfkc",
) -> bytes:
    """Return a SentencePiece model of exactly ``vocabulary_size`` pieces, three specials among them. Raises
    UserError where the text has too little variety for the size, or too many characters."""
    from sentencepiece import SentencePieceTrainer

    key = f"subwords.vocab_size: {vocabulary_size}"
    if vocabulary_size < SMALLEST_VOCABULARY:
        raise UserError(f"{key} is too small; at least {SMALLEST_VOCABULARY}")
    if vocabulary_size > LARGEST_VOCABULARY:
        raise UserError(f"{key} is too large; at most {LARGEST_VOCABULARY}")
    if not LEAST_COVERAGE <= character_coverage <= 1:
        coverage = f"subwords.character_coverage: {character_coverage}"
        raise UserError(f"{coverage} is not from {LEAST_COVERAGE} to 1")
    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=lines,
            model_writer=model,
            vocab_size=vocabulary_size,
            model_type=model_type,
            character_coverage=character_coverage,
            max_sentence_length=LONGEST_LINE,
            shuffle_input_sentence=False,
            normalization_rule_name=normalization,
            num_threads=1,  # of unigram models the pieces depend on it
            minloglevel=1,
        )
    except RuntimeError as error:
        raise UserError(_explain(str(error), vocabulary_size)) from None
    return model.getvalue()


def _explain(message: str, size: int) -> str:
    key = f"subwords.vocab_size: {size}"
    if "sentences_.empty()" in message:
        return "the training text has no line; look at the prepared text"
    too_high = re.search(r"value <= (\d+)", message)
    if too_high:
        return f"{key} is more than the training text can fill; at most {too_high[1]}"
    too_low = re.search(r"smaller than required_chars\D*\d+\s*vs\s*(\d+)", message)
    if too_low:
        return (
            f"{key} is too small for the characters of the training text; at least {int(too_low[1])}, "
            "or a lower subwords.character_coverage"
        )
    return f"{key}: SentencePiece could not train on this text: {' '.join(message.split())}"


def dictionary_text(model: str | Path) -> str:
    """Return the text of ``dict.txt`` for a SentencePiece model: its ordinary pieces in order."""
    subwords = load_subwords(model)
    return "".join(
        f"{subwords.id_to_piece(i)} {COUNT}\n"
        for i in range(len(subwords))
        if not (subwords.is_control(i) or subwords.is_unknown(i) or subwords.is_unused(i))
    )


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text-root", type=Path, required=True, help="folder that holds train/PAIR.LANG.txt")
    parser.add_argument("--pairs", nargs="+", required=True)
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--vocab-size", type=int, required=True, help="pieces, the three specials included")
    parser.add_argument("--model-type", choices=["bpe", "unigram"], default="bpe")
    rule = "of text: nmt_nfkc makes non-joiners blanks and takes letters apart; identity changes nothing"
    rules = get_args(Normalization)
    parser.add_argument("--normalization", choices=rules, default="nmt_nfkc", help=rule)
    parser.add_argument("--character-coverage", type=float, default=1.0)
    parser.add_argument("--sample-sentences", type=int, default=0, help="lines to train on, over all; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--text", type=TextOptions.from_json, default=TextOptions(), help="JSON: text options"
    )
    parser.add_argument("--out-model", type=Path, required=True)
    parser.add_argument("--out-dict", type=Path, required=True)
    arguments = parser.parse_args(argv)
    if arguments.sample_sentences < 0:
        raise UserError(f"--sample-sentences {arguments.sample_sentences}: must be at least 1, or 0 for all")
    files = training_files(arguments.text_root, arguments.pairs, arguments.languages)
    lines = sampled_text(files, arguments.text, arguments.sample_sentences, arguments.seed)
    shape = (arguments.vocab_size, arguments.model_type, arguments.character_coverage)
    model = train_model(lines, *shape, arguments.normalization)
    with atomic_path(arguments.out_model) as temporary:
        temporary.write_bytes(model)
        dictionary = dictionary_text(temporary)
    write_text(arguments.out_dict, dictionary)


if __name__ == "__main__":
    run_main(main)
