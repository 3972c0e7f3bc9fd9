"""Train the identifier of an experiment's languages, and measure it on text that it has not seen.

At most 20,000 lines a language, evenly taken over all its files, are used to train and as many to measure.
"""

import argparse
import json
import mmap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_json
from workflow_scripts.evaluate.languages.language_identifier import (
    LanguageIdentifier,
    PackagedIdentifier,
    has_letter,
    settings,
)


def sample_lines(files: Sequence[str | Path], most: int) -> list[str]:
    """Return at most ``most`` different lines, without surrounding blanks and blank ones, in file order.

    Each file gives lines in proportion to its size. The k-th of K files is entered k/K of a stretch later
    than the first: parallel files repeat one text, and would give the same lines again. A file of fewer lines
    than it should give gives (nearly) all: of two lines within one stretch, the first. Raises UserError: a
    line is not UTF-8.
    """
    sizes = [Path(file).stat().st_size for file in files]
    lines: dict[str, None] = {}
    for number, (file, size) in enumerate(zip(files, sizes, strict=True)):
        if size:
            share = max(1, round(most * size / sum(sizes)))
            lines.update(dict.fromkeys(_of_file(Path(file), size, share, number / len(files))))
    lines.pop("", None)
    return list(lines)[:most]


def _of_file(file: Path, size: int, count: int, phase: float) -> Iterator[str]:
    starts = [0, *(int((stretch + phase) * size / count) for stretch in range(count)), size]
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for start, end in pairwise(starts):
            # From the byte before, so that a line which begins right at `start` is found.
            begin = content.find(b"\n", start - 1, end) + 1 if start else 0
            if (begin == 0 and start) or begin >= end:
                continue
            stop = content.find(b"\n", begin)
            try:
                yield content[begin : stop if stop >= 0 else size].decode("utf-8").strip()
            except UnicodeDecodeError:
                raise UserError(
                    f"{file}: not UTF-8 in the line at byte {begin}; convert it with iconv"
                ) from None


LINES = 20_000  # of a language, trained on or measured on; more change little and take longer
TRAIN = "train"


def pairs_from(text: str) -> dict[str, list[str]]:
    """Return the pairs of each subset from JSON text. Raises UserError: not of that form, no training text
    among them."""
    try:
        pairs: dict[str, list[str]] = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"--pairs: not JSON ({error})") from None
    lists = pairs.values() if isinstance(pairs, dict) else [None]
    if not all(isinstance(of, list) and all(isinstance(pair, str) for pair in of) for of in lists):
        raise UserError('--pairs: not of the shape {"train": ["de-en"], "test": ["de-en"]}')
    if TRAIN not in pairs:
        raise UserError(f"--pairs: no pairs of {TRAIN}, the text to train on; there are {', '.join(pairs)}")
    return pairs


def text_of(root: Path, subset: str, pairs: Sequence[str], language: str) -> list[str]:
    """Return lines with a letter of one language, from the files of all its pairs in a subset. Raises
    UserError: a file is missing, or not UTF-8."""
    files = [root / subset / f"{pair}.{language}.txt" for pair in pairs if language in split_direction(pair)]
    if missing := [file for file in files if not file.is_file()]:
        raise UserError(f"{missing[0]}: no such file, for the text of {language}")
    return [line for line in sample_lines(files, LINES) if has_letter(line)]


@dataclass(frozen=True)
class HeldOut:
    """What an identifier is measured on in one language: ``lines`` that it was not trained on. training_lines
    how many it was trained on left_out held-out lines that are among them"""

    lines: list[str]
    training_lines: int
    left_out: int


def held_out(lines: Iterable[str], trained: Sequence[str]) -> HeldOut:
    """Return the different ones of ``lines`` that are not among ``trained``."""
    different, seen = list(dict.fromkeys(lines)), set(trained)
    unseen = [line for line in different if line not in seen]
    return HeldOut(unseen, len(trained), len(different) - len(unseen))


def train(
    root: Path, pairs: Mapping[str, Sequence[str]], languages: Sequence[str]
) -> tuple[LanguageIdentifier, dict[str, HeldOut]]:
    """Train an identifier on the subset ``train`` of ``pairs``; return what to measure it on, too.

    The training text of one language at a time is in memory. Raises UserError: a file is missing or not
    UTF-8; languages without a line to train on (all are named).
    """
    measured_on: dict[str, HeldOut] = {}

    def texts() -> Iterator[tuple[str, list[str]]]:
        for language in languages:
            trained = text_of(root, TRAIN, pairs[TRAIN], language)
            others = [subset for subset in pairs if subset != TRAIN]
            lines = chain.from_iterable(text_of(root, subset, pairs[subset], language) for subset in others)
            measured_on[language] = held_out(lines, trained)
            yield language, trained

    identifier = LanguageIdentifier.train(texts())
    if without := [language for language, one in measured_on.items() if not one.training_lines]:
        raise UserError(
            f"{root / TRAIN}: no training text of {', '.join(without)}, so no identifier can know it;"
            " add some, or set evaluation.off_target: false"
        )
    return identifier, measured_on


def accuracy_of(labels: Sequence[str], language: str) -> float | None:
    """Return the share of labels that are ``language``; None of no labels."""
    return sum(label == language for label in labels) / len(labels) if labels else None


def measure(
    identifier: LanguageIdentifier, packaged: PackagedIdentifier, measured_on: Mapping[str, HeldOut]
) -> dict[str, Any]:
    """Return what the JSON file says. ``confusion[language][label]`` counts lines; accuracies are shares,
    their mean is over languages."""
    languages: dict[str, dict[str, Any]] = {}
    confusion: dict[str, dict[str, int]] = {}
    for language, one in measured_on.items():
        labels = identifier.identify(one.lines)
        reason = packaged.reasons.get(language)
        theirs = None if reason else accuracy_of(packaged.identify(one.lines), language)
        counts = {"training_lines": one.training_lines, "held_out_lines": len(one.lines)}
        accuracy = {"accuracy": accuracy_of(labels, language)}
        packaged_one = {"packaged": {"accuracy": theirs, "reason": reason}}
        languages[language] = {**counts, "left_out": one.left_out, **accuracy, **packaged_one}
        confusion[language] = dict(sorted(Counter(labels).items()))
    measured = [one["accuracy"] for one in languages.values() if one["accuracy"] is not None]
    mean = sum(measured) / len(measured) if measured else None
    about = {"identifier": settings(), "packaged": packaged.name, "accuracy": mean}
    return {**about, "languages": languages, "confusion": confusion}


def main(argv: list[str] | None = None) -> None:
    """Train, measure, write both files."""
    parser = argparse.ArgumentParser(prog="train_identifier", description=__doc__.splitlines()[0])
    parser.add_argument("--text-root", required=True, type=Path, help="folder of prepared text")
    parser.add_argument(
        "--pairs", required=True, help='JSON: subset to pairs, {"train": ["de-en"], "test": …}'
    )
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--out-model", required=True, help=".npz file to write")
    parser.add_argument("--out-accuracy", required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    identifier, measured_on = train(args.text_root, pairs_from(args.pairs), args.languages)
    figures = measure(identifier, PackagedIdentifier(args.languages), measured_on)
    identifier.write(args.out_model)
    write_json(args.out_accuracy, figures)
    for language, one in figures["languages"].items():
        accuracy = "not measured" if one["accuracy"] is None else f"accuracy {one['accuracy']:.4f}"
        held = f"{accuracy} on {one['held_out_lines']} held-out ones"
        print(f"{language}: {one['training_lines']} lines, {held}")


if __name__ == "__main__":
    run_main(main)
