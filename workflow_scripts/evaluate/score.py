"""Score one system's hypotheses of all directions on one test set: BLEU, chrF2++, chrF2, TER.

One job for all directions: starting a process takes longer than scoring a few hundred sentences.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workflow_scripts.common.checked_options import (
    add_job,
    is_list_of_texts,
    job_of,
    json_object,
    named_once,
    raise_all,
)
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import sha256_of
from workflow_scripts.common.language_codes import canonical
from workflow_scripts.common.metric_names import asked_name, metric_ids, shown_name
from workflow_scripts.common.parallel_text import file_of
from workflow_scripts.evaluate.direction_text import (
    EMPTY,
    ERROR,
    hash_of,
    note_lines,
    read_direction,
)
from workflow_scripts.evaluate.health import health
from workflow_scripts.evaluate.languages.scripts import UNFIT, is_bleu, unfit_tokenizer
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER, METRICS, Scoring, check_tokenizer
from workflow_scripts.evaluate.parallel import in_parallel
from workflow_scripts.evaluate.segments import Scored, smallest, write_scores

Scores = list[dict[str, Any]]
Statistics = dict[str, NDArray[Any]]


def scores_of_systems(
    hypotheses: Mapping[str, Sequence[str]],
    references: Sequence[str],
    metrics: Sequence[str],
    tokenizer: str = DEFAULT_TOKENIZER,
    further: Sequence[Sequence[str]] = (),
) -> dict[str, tuple[Scores, Statistics]]:
    """Score several systems' outputs of one direction; what is made of the references is made once.

    ``hypotheses``: system -> n detokenised sentences, as many as of ``references`` and of each of the
    ``further`` sets. Returns by system one ``{"metric", "score", "signature"}`` for each metric, the score
    unrounded, and metric -> sufficient statistics of the sentences, [n, d]. Raises UserError: unknown metric
    or tokenizer, or a tokenizer that lacks its package or model.
    """
    check_tokenizer(tokenizer)
    found: dict[str, tuple[Scores, Statistics]] = {system: ([], {}) for system in hypotheses}
    for name in metrics:
        scoring = Scoring(name, references, tokenizer, further)
        for system, counted in scoring.statistics_of(hypotheses).items():
            scores, statistics = found[system]
            value = scoring.score(counted)
            model = {"tokenizer_model_sha256": scoring.model_sha256} if scoring.model_sha256 else {}
            scores.append({"metric": name, "score": value, "signature": scoring.signature, **model})
            statistics[name] = smallest(counted)
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
    references: Path | Sequence[Path],
    metrics: Sequence[str],
    tokenizer: str = DEFAULT_TOKENIZER,
    sources: Path | None = None,
    empty: str = ERROR,
) -> dict[str, Scored]:
    """Score several systems' files of one direction; ``references``: a file, or one of each set. Raises
    UserError as ``read_direction`` and ``scores_of_systems``, all systems' faults at once."""
    files = [references] if isinstance(references, Path) else list(references)
    text = read_direction(hypotheses, files, sources, empty)
    every = [line for one in text.references for line in one]
    notes = list(text.notes)
    if "ter" in metrics and (undivided := unfit_tokenizer(every, "none")) and undivided.is_void:
        notes.append((str(files[0]), undivided.of_ter))
    unfit = unfit_tokenizer(every, tokenizer) if any(map(is_bleu, metrics)) else None
    # Keys of their own, and only where there is something to say: other score files stay as they are.
    noted: dict[str, Any] = {UNFIT: asdict(unfit)} if unfit else {}
    noted |= text.counted
    if text.counted:
        done = "left out for all systems" if text.counted["dropped"] else "scored as they are"
        noted["flags"] = [f"{text.empty} of {text.lines} references empty, {done}"]
    sha256 = hash_of(files)
    first, *further = text.references
    found = {}
    scored = scores_of_systems(text.hypotheses, first, metrics, tokenizer, further)
    for system, (scores, statistics) in scored.items():
        lines = text.hypotheses[system]
        hashes = {"hypotheses_sha256": sha256_of(hypotheses[system]), "references_sha256": sha256}
        figures = health(lines, every, text.sources)
        entry = {"n": len(first), "scores": scores, **hashes, "health": figures, **noted}
        found[system] = Scored(entry, statistics, notes, lines in text.references)
    return found


def tokenizers_of(text: str, directions: Sequence[str]) -> dict[str, str]:
    """Return target language -> tokenizer from ``--tokenizers``. Raises UserError: not a JSON object of
    names, or the target language of no direction."""
    example = {"zh": "zh", "ja": "ja-mecab"}
    value = json_object("tokenizers", text, example, lambda found: is_list_of_texts(list(found.values())))
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


def _read_task(task: Task) -> str:
    try:
        read_direction(*(task[1][name] for name in ("hypotheses", "references", "sources", "empty")))
    except UserError as error:
        return str(error)
    return ""


def check_files(tasks: Mapping[str, dict[str, Any]], processes: int = 1) -> None:
    """Read the files of all ``tasks`` before any is scored. Raises UserError: all faults, a line each."""
    raise_all([said for said in in_parallel(_read_task, list(tasks.items()), processes) if said])


def _score_task(task: Task) -> tuple[str, Any]:
    """Score one direction in whichever process; a user's mistake is an answer, raised with all others."""
    direction, arguments = task
    try:
        return direction, score_direction(**arguments)
    except UserError as error:
        return direction, error


def score_directions(
    tasks: Mapping[str, dict[str, Any]],
    processes: int = 1,
    done: Callable[[str], None] = lambda direction: None,
) -> dict[str, dict[str, Scored]]:
    """Score many directions, several at a time; ``done`` is called with each direction. ``tasks``: direction
    -> arguments of ``score_direction``. Raises UserError: the faults of all, a line each."""
    listed = list(tasks.items())
    answers = in_parallel(_score_task, listed, processes, lambda number: done(listed[number][0]))
    raise_all([str(answer) for _, answer in answers if isinstance(answer, UserError)])
    return dict(answers)


def main(argv: list[str] | None = None) -> None:
    """Score every direction and write JSON and statistics; all directions' errors are raised at once."""
    parser = argparse.ArgumentParser(prog="score", description=__doc__.splitlines()[0])
    fields = "with {direction}, {pair}, {source}, {target}"
    parser.add_argument("--hypotheses", required=True, help=f"files of detokenised output, {fields}")
    parser.add_argument("--references", required=True, help=f"files of detokenised references, {fields}")
    parser.add_argument("--sources", help=f"files of sources, to count copied ones, {fields}")
    known = ", ".join(map(asked_name, METRICS))
    parser.add_argument("--metrics", nargs="+", required=True, metavar="METRIC", help=known)
    parser.add_argument("--tokenizers", default="{}", metavar="JSON", help='for BLEU: {"zh": "zh"}; else 13a')
    parser.add_argument(
        "--empty-references", default=ERROR, choices=EMPTY, help="score them as they are, or leave them out"
    )
    add_job(parser)
    parser.add_argument("--processes", type=int, default=1, help="directions scored at a time")
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
                "empty": args.empty_references,
            }
        except UserError as error:
            errors.append(str(error))
    try:
        found = score_directions(tasks, args.processes) if tasks else {}
    except UserError as error:
        errors.append(str(error))
    raise_all(errors)
    scored = {direction: systems[args.system] for direction, systems in found.items()}
    write_scores(args.out, job_of(args), scored)
    for note in note_lines(note for one in scored.values() for note in one.notes):
        print(f"note: {note}")
    for direction, one in scored.items():
        entry = one.entry
        shown = ", ".join(f"{shown_name(each['metric'])} {each['score']:.2f}" for each in entry["scores"])
        print(f"{args.system} s{args.seed} {args.testset} {direction}: {shown} ({entry['n']} sentences)")


if __name__ == "__main__":
    run_main(main)
