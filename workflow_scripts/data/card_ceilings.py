"""The part of the data card on what the text processing leaves of perfect output, by target language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from workflow_scripts.directions import pair_of, split_direction
from workflow_scripts.errors import UserError
from workflow_scripts.files import read_json

CEILING_NOTE = (
    "References put through text processing, subwords and back, as a translation without a mistake would be "
    "written, scored against themselves: no system can have more. Neither Moses nor SentencePiece's "
    "normalisation is undone without loss (`text.moses`, `subwords.normalization`)."
)


def ceilings_of(root: Path, testset: str) -> list[dict[str, Any]]:
    """Return the entries of a test set, in the order of the directions.

    Raises UserError: the file is missing, or none of ``evaluate.score_ceiling``.
    """
    path = root / f"{testset}.json"
    if not path.is_file():
        raise UserError(f"{path}: the ceiling is missing")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        for direction, entry in read_json(path)["directions"].items():
            target = split_direction(direction)[1]
            one = found.setdefault(
                (target, entry["references_sha256"]),
                {
                    "testset": testset,
                    "language": target,
                    "pairs": [],
                    "sentences": entry["n"],
                    "changed_lines": entry["changed_lines"],
                    "scores": {score["metric"]: score["score"] for score in entry["scores"]},
                    "moses": entry["moses"],
                },
            )
            one["pairs"].append(pair_of(direction))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a ceiling file ({error}); delete it and run again") from None
    return list(found.values())


def _two_digits(score: float) -> str:
    return str(Decimal(repr(score)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def ceiling_rows(entries: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return the table's head and rows."""
    head = ["test set", "into", "pairs", "sentences", "changed", "BLEU", "chrF2++", "words that Moses cuts"]
    rows = []
    for one in entries:
        moses = one["moses"]
        cut = (
            f"{moses['split_words']:,} of {moses['words']:,} in {moses['lines']:,} lines" if moses else "n/a"
        )
        pairs = one["pairs"][0] if len(one["pairs"]) == 1 else f"{len(one['pairs'])} pairs"
        scores = [_two_digits(one["scores"][name]) for name in ("bleu", "chrf")]
        rows.append(
            [
                one["testset"],
                one["language"],
                pairs,
                f"{one['sentences']:,}",
                f"{one['changed_lines']:,}",
                *scores,
                cut,
            ]
        )
    return head, rows
