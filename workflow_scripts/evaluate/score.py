"""Score one system's hypotheses of one direction on one test set: BLEU and chrF++ (paper section 4; spec 5).

In:  hypotheses and references, detokenised UTF-8 text, one sentence a line (only a newline separates lines).
Out: one JSON file with the unrounded scores, each beside sacrebleu's signature, the number of sentences, the
     hashes of both files, and two figures of health (length ratio, empty hypotheses).

One such job runs for every system × seed × test set × direction, so only sacrebleu's metrics are imported.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sacrebleu.metrics import BLEU, CHRF

from workflow_scripts.errors import UserError, nearest, run_main
from workflow_scripts.files import sha256_of, write_json

DEFAULT_TOKENIZER = "13a"  # sacrebleu's default, the one the paper's scores were made with (spec 5)
CHRF_WORD_ORDER = 2  # chrF++ is chrF with word bigrams (Popović 2017)
METRICS: dict[str, Callable[[str], BLEU | CHRF]] = {
    "bleu": lambda tokenizer: BLEU(tokenize=tokenizer),
    "chrf": lambda _: CHRF(word_order=CHRF_WORD_ORDER),
}
DIRECTION = re.compile(r"[^-\s]+-[^-\s]+")


def read_lines(path: str | Path) -> list[str]:
    """Return the lines of a UTF-8 file; only ``\\n`` separates them, and a last one without it counts.

    Other characters that Python takes for line ends (U+2028, form feed, a lone carriage return) stay inside.

    Raises:
        UserError: a line is not UTF-8 (named by file and number).
    """
    raw = Path(path).read_bytes().split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    lines = []
    for number, line in enumerate(raw, start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}, line {number}: not UTF-8 at byte {error.start + 1} of the line"
            ) from None
    return lines


def read_parallel(hypotheses: str | Path, references: str | Path) -> tuple[list[str], list[str]]:
    """Return hypotheses and references, two lists of equal length.

    An empty hypothesis is a result (it is counted); an empty reference is a fault of the test set.

    Raises:
        UserError: no lines, unequal line counts, an empty reference, bytes that are not UTF-8.
    """
    hyps, refs = read_lines(hypotheses), read_lines(references)
    if not refs:
        raise UserError(f"{references}: no lines, nothing to score against")
    if len(hyps) != len(refs):
        first = min(len(hyps), len(refs)) + 1
        raise UserError(
            f"{hypotheses} has {len(hyps)} lines but {references} has {len(refs)}: "
            f"line {first} has no counterpart"
        )
    for number, line in enumerate(refs, start=1):
        if not line.strip():
            raise UserError(f"{references}, line {number}: empty reference")
    return hyps, refs


def score_text(
    hypotheses: Sequence[str],
    references: Sequence[str],
    metrics: Sequence[str],
    tokenizer: str = DEFAULT_TOKENIZER,
) -> list[dict[str, Any]]:
    """Score a corpus against one reference a sentence.

    Args:
        hypotheses: ``n`` detokenised sentences.
        references: ``n`` detokenised sentences.
        metrics: any of ``bleu`` (0–100) and ``chrf`` (chrF++, 0–100).
        tokenizer: sacrebleu's tokenizer for BLEU; chrF++ needs none.

    Returns:
        One ``{"metric", "score", "signature"}`` for each metric, the score unrounded.

    Raises:
        UserError: unknown metric or tokenizer.
    """
    if tokenizer not in BLEU.TOKENIZERS:
        raise UserError(
            f"--tokenize: sacrebleu has no {tokenizer!r}{nearest(tokenizer, BLEU.TOKENIZERS)}; "
            f"it has {', '.join(BLEU.TOKENIZERS)}"
        )
    scores = []
    for name in metrics:
        if name not in METRICS:
            raise UserError(f"--metrics: no {name!r}{nearest(name, METRICS)}; there are {', '.join(METRICS)}")
        try:
            metric = METRICS[name](tokenizer)
        except RuntimeError as error:  # a tokenizer whose own package is absent
            raise UserError(f"--tokenize {tokenizer}: {' '.join(str(error).split())}") from None
        value = float(metric.corpus_score(list(hypotheses), [list(references)]).score)
        # The signature is asked for after scoring: it then knows the number of references.
        scores.append({"metric": name, "score": value, "signature": str(metric.get_signature())})
    return scores


def health(hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, float | int]:
    """Return figures that show a broken decode at a glance.

    ``length_ratio`` is characters without blanks, hypotheses over references (words would mislead in scripts
    without spaces); ``empty_hypotheses`` counts lines of nothing but blanks.
    """

    def characters(lines: Sequence[str]) -> int:
        return sum(len("".join(line.split())) for line in lines)

    return {
        "length_ratio": characters(hypotheses) / characters(references),
        "empty_hypotheses": sum(not line.strip() for line in hypotheses),
    }


def main(argv: list[str] | None = None) -> None:
    """Score a pair of files and write the JSON."""
    parser = argparse.ArgumentParser(prog="score", description=__doc__.splitlines()[0])
    parser.add_argument("--hypotheses", required=True, help="detokenised system output")
    parser.add_argument("--references", required=True, help="detokenised references")
    parser.add_argument("--metrics", nargs="+", required=True, metavar="METRIC", help=", ".join(METRICS))
    parser.add_argument("--tokenize", default=DEFAULT_TOKENIZER, help="sacrebleu tokenizer for BLEU")
    for name in ("experiment", "system", "testset", "direction"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--profile", default="raw", help="which references: raw (the test set's own text)")
    parser.add_argument("--out", required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    if not DIRECTION.fullmatch(args.direction):
        raise UserError(f"--direction: {args.direction!r} is not SOURCE-TARGET, such as de-en")
    if len(set(args.metrics)) != len(args.metrics):
        raise UserError(f"--metrics: a metric is named twice: {' '.join(args.metrics)}")

    hyps, refs = read_parallel(args.hypotheses, args.references)
    result = {
        "experiment": args.experiment,
        "system": args.system,
        "seed": args.seed,
        "testset": args.testset,
        "profile": args.profile,
        "direction": args.direction,
        "n": len(refs),
        "scores": score_text(hyps, refs, args.metrics, args.tokenize),
        "hypotheses_sha256": sha256_of(args.hypotheses),
        "references_sha256": sha256_of(args.references),
        "health": health(hyps, refs),
    }
    write_json(args.out, result)
    shown = ", ".join(f"{entry['metric']} {entry['score']:.2f}" for entry in result["scores"])
    print(f"{args.system} s{args.seed} {args.testset} {args.direction}: {shown} ({len(refs)} sentences)")


if __name__ == "__main__":
    run_main(main)
