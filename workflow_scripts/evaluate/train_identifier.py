"""Train the identifier of an experiment's languages, and measure it on text that it has not seen.

In:  prepared text, ``{root}/{subset}/{pair}.{language}.txt``: of ``train`` at most 20,000 lines a language,
     evenly taken over all its files; of every other subset (validation, test sets) as many to measure it on.
Out: the identifier (``.npz``, the same bytes for the same text), and a JSON file with its accuracy and the
     confusion matrix, the packaged identifier's accuracy beside its own.

A held-out line that is among the lines it was trained on is left out. Source: as in ``language_identifier``.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.evaluate.language_identifier import LanguageIdentifier, has_letter, settings
from workflow_scripts.evaluate.packaged_identifier import PackagedIdentifier
from workflow_scripts.evaluate.text_sample import sample_lines
from workflow_scripts.files import write_json

LINES = 20_000  # of a language, trained on or measured on; more change little and take longer
TRAIN = "train"


def pairs_from(text: str) -> dict[str, list[str]]:
    """Return the pairs of each subset from JSON text.

    Raises:
        UserError: not of that form, no training text among them.
    """
    try:
        pairs = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"--pairs: not JSON ({error})") from None
    lists = pairs.values() if isinstance(pairs, dict) else [None]
    if not all(isinstance(of, list) and all(isinstance(pair, str) for pair in of) for of in lists):
        raise UserError('--pairs: not of the shape {"train": ["de-en"], "test": ["de-en"]}')
    if TRAIN not in pairs:
        raise UserError(f"--pairs: no pairs of {TRAIN}, the text to train on; there are {', '.join(pairs)}")
    return pairs


def text_of(root: Path, subset: str, pairs: Sequence[str], language: str) -> list[str]:
    """Return lines with a letter of one language, from the files of all its pairs in a subset.

    Raises:
        UserError: a file is missing, or not UTF-8.
    """
    files = [root / subset / f"{pair}.{language}.txt" for pair in pairs if language in split_direction(pair)]
    if missing := [file for file in files if not file.is_file()]:
        raise UserError(f"{missing[0]}: no such file, for the text of {language}")
    return [line for line in sample_lines(files, LINES) if has_letter(line)]


def training_text(root: Path, pairs: Sequence[str], languages: Sequence[str]) -> dict[str, list[str]]:
    """Return the lines to train on, by language; UserError naming every language without any."""
    text = {language: text_of(root, TRAIN, pairs, language) for language in languages}
    if without := [language for language, lines in text.items() if not lines]:
        raise UserError(
            f"{root / TRAIN}: no training text of {', '.join(without)}, so no identifier can know it;"
            " add some, or set evaluation.off_target: false"
        )
    return text


def accuracy_of(labels: Sequence[str], language: str) -> float | None:
    """Return the share of labels that are ``language``; None of no labels."""
    return sum(label == language for label in labels) / len(labels) if labels else None


def measure(
    identifier: LanguageIdentifier,
    packaged: PackagedIdentifier,
    trained: Mapping[str, Sequence[str]],
    held_out: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return what the JSON file says: lines in ``held_out`` that are among ``trained`` are left out.

    ``confusion[language][label]`` counts lines; accuracies are shares, their mean is over languages.
    """
    languages, confusion = {}, {}
    for language, lines in held_out.items():
        seen = set(trained[language])
        unseen = [line for line in lines if line not in seen]
        labels = identifier.identify(unseen)
        reason = packaged.reasons.get(language)
        languages[language] = {
            "training_lines": len(trained[language]),
            "held_out_lines": len(unseen),
            "left_out": len(lines) - len(unseen),
            "accuracy": accuracy_of(labels, language),
            "packaged": {
                "accuracy": None if reason else accuracy_of(packaged.identify(unseen), language),
                "reason": reason,
            },
        }
        confusion[language] = dict(sorted(Counter(labels).items()))
    measured = [one["accuracy"] for one in languages.values() if one["accuracy"] is not None]
    return {
        "identifier": settings(),
        "packaged": packaged.name,
        "accuracy": sum(measured) / len(measured) if measured else None,
        "languages": languages,
        "confusion": confusion,
    }


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
    pairs = pairs_from(args.pairs)
    trained = training_text(args.text_root, pairs.pop(TRAIN), args.languages)
    held_out = {
        language: list(
            dict.fromkeys(
                line for subset, of in pairs.items() for line in text_of(args.text_root, subset, of, language)
            )
        )
        for language in args.languages
    }
    identifier = LanguageIdentifier.train(trained)
    figures = measure(identifier, PackagedIdentifier(args.languages), trained, held_out)
    identifier.write(args.out_model)
    write_json(args.out_accuracy, figures)
    for language, one in figures["languages"].items():
        accuracy = "not measured" if one["accuracy"] is None else f"accuracy {one['accuracy']:.4f}"
        print(
            f"{language}: {one['training_lines']} lines, {accuracy} on {one['held_out_lines']} held-out ones"
        )


if __name__ == "__main__":
    run_main(main)
