"""Score one system's hypotheses of all directions on one test set: BLEU and chrF++ (paper section 4; spec 5).

In:  hypotheses and references, detokenised UTF-8 text, one sentence a line (only a newline separates lines).
Out: one JSON file with the unrounded scores of every direction, each beside sacrebleu's signature, the number
     of sentences, the hashes of both files, and two figures of health (length ratio, empty hypotheses).

All directions are one job: to start a process takes longer than to score a few hundred sentences.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sacrebleu.metrics import BLEU, CHRF

from workflow_scripts.directions import pair_of, split_direction
from workflow_scripts.errors import UserError, nearest, run_main
from workflow_scripts.files import sha256_of, write_json

BYTE_ORDER_MARK = "\ufeff"
DEFAULT_TOKENIZER = "13a"  # sacrebleu's default, the one the paper's scores were made with (spec 5)
CHRF_WORD_ORDER = 2  # chrF++ is chrF with word bigrams (Popović 2017)
METRICS: dict[str, Callable[[str], BLEU | CHRF]] = {
    "bleu": lambda tokenizer: BLEU(tokenize=tokenizer),
    "chrf": lambda _: CHRF(word_order=CHRF_WORD_ORDER),
}


def read_lines(path: str | Path) -> list[str]:
    """Return the lines of a UTF-8 file; only ``\\n`` separates them, and a last one without it counts.

    Other characters that Python takes for line ends (U+2028, form feed, a lone carriage return) stay inside;
    a byte order mark and the carriage returns of CRLF are left out.

    Raises:
        UserError: a line is not UTF-8 or holds a NUL byte (named by file and number).
    """
    raw = Path(path).read_bytes().split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    lines = []
    for number, line in enumerate(raw, start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}, line {number}: not UTF-8 at byte {error.start + 1} of the line;"
                " convert the file with iconv"
            ) from None
        if "\0" in text:
            raise UserError(f"{path}, line {number}: a NUL byte; is this a text file?")
        # Neither is text: metrics would count them as characters.
        text = text.removesuffix("\r")
        lines.append(text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text)
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


def score_direction(
    hypotheses: Path, references: Path, metrics: Sequence[str], tokenizer: str = DEFAULT_TOKENIZER
) -> dict[str, Any]:
    """Return what the JSON file says of one direction; errors as in ``read_parallel`` and ``score_text``."""
    hyps, refs = read_parallel(hypotheses, references)
    return {
        "n": len(refs),
        "scores": score_text(hyps, refs, metrics, tokenizer),
        "hypotheses_sha256": sha256_of(hypotheses),
        "references_sha256": sha256_of(references),
        "health": health(hyps, refs),
    }


def file_of(pattern: str, direction: str) -> Path:
    """Fill a pattern such as ``text/{pair}.{target}.txt``.

    Raises:
        UserError: it has another field than direction, pair, source and target, or no such file is there.
    """
    source, target = split_direction(direction)
    known = {"direction": direction, "pair": pair_of(direction), "source": source, "target": target}
    try:
        path = Path(pattern.format(**known))
    except (KeyError, IndexError, ValueError):
        raise UserError(
            f"pattern {pattern!r}: its fields may be {', '.join(f'{{{x}}}' for x in known)}"
        ) from None
    if not path.is_file():
        raise UserError(f"{path}: no such file, for {direction}")
    return path


def main(argv: list[str] | None = None) -> None:
    """Score every direction and write the JSON; all directions' errors are told at once."""
    parser = argparse.ArgumentParser(prog="score", description=__doc__.splitlines()[0])
    fields = "with {direction}, {pair}, {source}, {target}"
    parser.add_argument("--hypotheses", required=True, help=f"files of detokenised output, {fields}")
    parser.add_argument("--references", required=True, help=f"files of detokenised references, {fields}")
    parser.add_argument("--metrics", nargs="+", required=True, metavar="METRIC", help=", ".join(METRICS))
    parser.add_argument("--tokenize", default=DEFAULT_TOKENIZER, help="sacrebleu tokenizer for BLEU")
    for name in ("experiment", "system", "testset"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--profile", default="raw", help="which references: raw (the test set's own text)")
    parser.add_argument("--out", required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    for name in ("metrics", "directions"):
        values = getattr(args, name)
        if repeated := [value for value in values if values.count(value) > 1]:
            raise UserError(f"--{name}: {repeated[0]} is named twice")

    scored: dict[str, dict[str, Any]] = {}
    errors = []
    for direction in args.directions:
        try:
            files = [file_of(pattern, direction) for pattern in (args.hypotheses, args.references)]
            scored[direction] = score_direction(*files, args.metrics, args.tokenize)
        except UserError as error:
            errors.append(str(error))
    if errors:
        raise UserError("\n".join(dict.fromkeys(errors)))
    names = ("experiment", "system", "seed", "testset", "profile")
    write_json(args.out, {**{name: getattr(args, name) for name in names}, "directions": scored})
    for direction, entry in scored.items():
        shown = ", ".join(f"{one['metric']} {one['score']:.2f}" for one in entry["scores"])
        print(f"{args.system} s{args.seed} {args.testset} {direction}: {shown} ({entry['n']} sentences)")


if __name__ == "__main__":
    run_main(main)
