"""Score references that went through the text processing and back: no system can have more."""

import argparse
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import named_once
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json, sha256_of, write_json
from workflow_scripts.common.parallel_text import file_of, read_parallel
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER
from workflow_scripts.evaluate.score import score_text, tokenizers_of

ROUND_TRIP_FORMAT = "neuronspec-round-trip-1"
METRICS = ("bleu", "chrf")


def ceiling_of(round_trip: Path, references: Path, tokenizer: str = DEFAULT_TOKENIZER) -> dict[str, Any]:
    """Return the scores of what comes back against what went in."""
    found = zip(*read_parallel(round_trip, references, allow_empty=True), strict=True)
    # A test set may have empty references (evaluation.empty_references): nothing is lost of them.
    kept = [(one, line) for one, line in found if line.strip()]
    if not kept:
        raise UserError(f"{references}: no lines, nothing to score against")
    back, lines = [one for one, _ in kept], [line for _, line in kept]
    return {
        "n": len(lines),
        "changed_lines": sum(one != other for one, other in zip(back, lines, strict=True)),
        "references_sha256": sha256_of(references),
        "scores": score_text(back, lines, METRICS, tokenizer),
    }


def read_moses(path: Path, direction: str, references_sha256: str) -> Any:
    """Return what Moses alone does to a direction's references, None where they do not go through it. Raises
    UserError: the file is not of ``data.round_trip``, or of other references."""
    content = read_json(path)
    try:
        if content["format"] != ROUND_TRIP_FORMAT:
            raise ValueError(f"format {content['format']!r}")
        entry = content["directions"][direction]
        same, moses = entry["references_sha256"] == references_sha256, entry["moses"]
    except (KeyError, TypeError, ValueError) as error:
        said = f"not of the form {ROUND_TRIP_FORMAT} ({error}); delete it and run again"
        raise UserError(f"{path}: {said}") from None
    if not same:
        raise UserError(f"{path}: {direction} was made from other references; delete it and run again")
    return moses


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(prog="score_ceiling", description=__doc__.splitlines()[0])
    fields = "with {pair} and {target}"
    parser.add_argument("--references", required=True, help=f"prepared text, {fields}")
    parser.add_argument("--round-trips", required=True, help=f"what came back of it, {fields}")
    parser.add_argument("--stats", type=Path, required=True, help="JSON of data.round_trip")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--tokenizers", default="{}", metavar="JSON", help="of BLEU by target; else 13a")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--testset", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    named_once("directions", args.directions)
    tokenizers = tokenizers_of(args.tokenizers, args.directions)
    # Pairs that share a side are scored once.
    done: dict[tuple[str, str], dict[str, Any]] = {}
    found: dict[str, dict[str, Any]] = {}
    for direction in args.directions:
        target = split_direction(direction)[1]
        references = file_of(args.references, direction)
        sha256 = sha256_of(references)
        if (target, sha256) not in done:
            tokenizer = tokenizers.get(target, DEFAULT_TOKENIZER)
            entry = ceiling_of(file_of(args.round_trips, direction), references, tokenizer)
            done[target, sha256] = {**entry, "moses": read_moses(args.stats, direction, sha256)}
        found[direction] = done[target, sha256]
    write_json(args.out, {"experiment": args.experiment, "testset": args.testset, "directions": found})


if __name__ == "__main__":
    run_main(main)
