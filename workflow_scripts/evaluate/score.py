"""Score one system's hypotheses of all directions on one test set: BLEU, chrF2++, chrF2, TER (spec 5).

In:  hypotheses, references and perhaps sources, detokenised UTF-8 text, one sentence a line.
Out: one JSON file with the unrounded scores of every direction, each beside sacrebleu's signature, the number
     of sentences, the hashes of both files, and figures of health (``health``); beside it the sufficient
     statistics of every sentence (``segments``).

All directions are one job: to start a process takes longer than to score a few hundred sentences.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, nearest, run_main
from workflow_scripts.evaluate.health import health
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER, METRICS, Scoring, check_tokenizer
from workflow_scripts.evaluate.scripts import UNFIT, is_bleu, unfit_tokenizer
from workflow_scripts.evaluate.segments import Scored, write_scores
from workflow_scripts.evaluate.side_by_side import side_by_side
from workflow_scripts.files import sha256_of
from workflow_scripts.language_codes import canonical
from workflow_scripts.metric_names import asked_name, metric_ids, shown_name
from workflow_scripts.options import json_object, named_once
from workflow_scripts.parallel_text import file_of, read_lines, read_parallel

Scores = list[dict[str, Any]]
Statistics = dict[str, NDArray[Any]]


def scores_of_systems(
    hypotheses: Mapping[str, Sequence[str]],
    references: Sequence[str],
    metrics: Sequence[str],
    tokenizer: str = DEFAULT_TOKENIZER,
) -> dict[str, tuple[Scores, Statistics]]:
    """Score several systems' outputs of one direction; what is made of the references is made once.

    Args:
        hypotheses: system -> ``n`` detokenised sentences.
        references: ``n`` detokenised sentences, one reference each.
        metrics: any of ``metrics.METRICS``.
        tokenizer: sacrebleu's tokenizer for BLEU; the others need none.

    Returns:
        system -> one ``{"metric", "score", "signature"}`` for each metric, the score unrounded; and metric ->
        sufficient statistics of the sentences, [n, d].

    Raises:
        UserError: unknown metric or tokenizer, or a tokenizer that lacks its package or model.
    """
    check_tokenizer(tokenizer)
    found: dict[str, tuple[Scores, Statistics]] = {system: ([], {}) for system in hypotheses}
    for name in metrics:
        scoring = Scoring(name, references, tokenizer)
        for system, lines in hypotheses.items():
            scores, statistics = found[system]
            statistics[name] = scoring.statistics(lines)
            value = scoring.score(statistics[name])
            scores.append({"metric": name, "score": value, "signature": scoring.signature})
    return found


def score_text(
    hypotheses: Sequence[str],
    references: Sequence[str],
    metrics: Sequence[str],
    tokenizer: str = DEFAULT_TOKENIZER,
) -> list[dict[str, Any]]:
    """Return the scores of one system; as ``scores_of_systems``."""
    return scores_of_systems({"": hypotheses}, references, metrics, tokenizer)[""][0]


def score_direction(
    hypotheses: Mapping[str, Path],
    references: Path,
    metrics: Sequence[str],
    tokenizer: str = DEFAULT_TOKENIZER,
    sources: Path | None = None,
) -> dict[str, Scored]:
    """Score several systems' files of one direction.

    Returns:
        By system, in the order given.

    Raises:
        UserError: as in ``read_parallel`` and ``scores_of_systems``, all systems' faults at once.
    """
    lines: dict[str, list[str]] = {}
    refs: list[str] = []
    faults: list[str] = []
    for system, path in hypotheses.items():
        try:
            lines[system], refs = read_parallel(path, references)
        except UserError as error:
            faults.append(str(error))
    if faults:
        raise UserError("\n".join(dict.fromkeys(faults)))
    texts = read_lines(sources) if sources else None
    if texts is not None and len(texts) != len(refs):
        raise UserError(f"{sources} has {len(texts)} lines but {references} has {len(refs)}")
    sha256 = sha256_of(references)
    unfit = unfit_tokenizer(refs, tokenizer) if any(map(is_bleu, metrics)) else None
    # A key of its own, and only where there is something to say: other score files stay as they are.
    noted = {UNFIT: asdict(unfit)} if unfit else {}
    return {
        system: Scored(
            {
                "n": len(refs),
                "scores": scores,
                "hypotheses_sha256": sha256_of(hypotheses[system]),
                "references_sha256": sha256,
                "health": health(lines[system], refs, texts),
                **noted,
            },
            statistics,
        )
        for system, (scores, statistics) in scores_of_systems(lines, refs, metrics, tokenizer).items()
    }


def tokenizers_of(text: str, directions: Sequence[str]) -> dict[str, str]:
    """Return target language -> tokenizer from ``--tokenizers``.

    Raises:
        UserError: not a JSON object of names, or the target language of no direction.
    """
    example = {"zh": "zh", "ja": "ja-mecab"}
    value = json_object(
        "tokenizers", text, example, lambda found: all(isinstance(name, str) for name in found.values())
    )
    for name in value.values():
        check_tokenizer(name)
    targets = {split_direction(direction)[1] for direction in directions}
    named = {canonical(lang): name for lang, name in value.items()}
    if len(named) < len(value):
        raise UserError("--tokenizers: two spellings of one language")
    for lang in named:
        if lang not in targets:
            raise UserError(f"--tokenizers: {lang!r} is the target of no direction{nearest(lang, targets)}")
    return named


Task = tuple[str, dict[str, Any]]


def _score_task(task: Task) -> tuple[str, Any]:
    """Score one direction in whichever process; a fault of the user's is an answer, told with all others."""
    direction, arguments = task
    try:
        return direction, score_direction(**arguments)
    except UserError as error:
        return direction, error


def score_directions(tasks: Mapping[str, dict[str, Any]], processes: int = 1) -> dict[str, dict[str, Scored]]:
    """Score many directions, several at a time.

    Args:
        tasks: direction -> arguments of ``score_direction``.
        processes: how many work at once; the results are the same.

    Raises:
        UserError: the faults of all directions, a line each.
    """
    answers = side_by_side(_score_task, list(tasks.items()), processes)
    if errors := [str(answer) for _, answer in answers if isinstance(answer, UserError)]:
        raise UserError("\n".join(dict.fromkeys("\n".join(errors).split("\n"))))
    return dict(answers)


def main(argv: list[str] | None = None) -> None:
    """Score every direction and write JSON and statistics; all directions' errors are told at once."""
    parser = argparse.ArgumentParser(prog="score", description=__doc__.splitlines()[0])
    fields = "with {direction}, {pair}, {source}, {target}"
    parser.add_argument("--hypotheses", required=True, help=f"files of detokenised output, {fields}")
    parser.add_argument("--references", required=True, help=f"files of detokenised references, {fields}")
    parser.add_argument("--sources", help=f"files of sources, to count copied ones, {fields}")
    known = ", ".join(map(asked_name, METRICS))
    parser.add_argument("--metrics", nargs="+", required=True, metavar="METRIC", help=known)
    parser.add_argument(
        "--tokenizers",
        default="{}",
        metavar="JSON",
        help='of BLEU by target language: {"zh": "zh"}; else 13a',
    )
    for name in ("experiment", "system", "testset"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--profile", default="raw", help="which references: raw (the test set's own text)")
    parser.add_argument("--processes", type=int, default=1, help="directions scored at a time")
    parser.add_argument("--out", required=True, help="JSON file; statistics of sentences lie beside it")
    args = parser.parse_args(argv)
    args.metrics = metric_ids(args.metrics)
    named_once("directions", args.directions)
    tokenizers = tokenizers_of(args.tokenizers, args.directions)

    tasks: dict[str, dict[str, Any]] = {}
    errors = []
    for direction in args.directions:
        try:
            tasks[direction] = {
                "hypotheses": {args.system: file_of(args.hypotheses, direction)},
                "references": file_of(args.references, direction),
                "sources": file_of(args.sources, direction) if args.sources else None,
                "metrics": args.metrics,
                "tokenizer": tokenizers.get(split_direction(direction)[1], DEFAULT_TOKENIZER),
            }
        except UserError as error:
            errors.append(str(error))
    try:
        found = score_directions(tasks, args.processes) if tasks else {}
    except UserError as error:
        errors.append(str(error))
    if errors:
        raise UserError("\n".join(dict.fromkeys(errors)))
    names = ("experiment", "system", "seed", "testset", "profile")
    scored = {direction: systems[args.system] for direction, systems in found.items()}
    write_scores(args.out, {name: getattr(args, name) for name in names}, scored)
    for direction, one in scored.items():
        entry = one.entry
        shown = ", ".join(f"{shown_name(each['metric'])} {each['score']:.2f}" for each in entry["scores"])
        print(f"{args.system} s{args.seed} {args.testset} {direction}: {shown} ({entry['n']} sentences)")


if __name__ == "__main__":
    run_main(main)
