"""COMET scores of one system's hypotheses of all directions on one test set (Rei et al. 2020, 2022).

One job for all directions: the model is loaded once, and only if the cache lacks a segment. Beside the score
file of the form of ``evaluate.score`` are the sentences' scores, float64 ``[n, 1]``. The scores of a
reference-free model have no hash of references.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.common.checked_options import add_job, job_of, named_once, of_each, one_reference
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of
from workflow_scripts.common.parallel_text import file_of, read_lines, read_parallel
from workflow_scripts.evaluate.comet.comet_cache import Kept, ScoreCache, key_of
from workflow_scripts.evaluate.comet.comet_model import (
    OFFLINE,
    ModelFiles,
    find_model,
    flags_of,
    hashes_of,
    languages_of,
    named_way_out,
)
from workflow_scripts.evaluate.comet.comet_scorer import CHUNK, CometScorer
from workflow_scripts.evaluate.segments import Scored, write_scores

CACHE_VARIABLE = "NEURONSPEC_CACHE"


@dataclass(frozen=True)
class Text:
    """One direction: ``n`` samples of ``src``, ``mt`` and ``ref``, and the hashes of their files."""

    samples: list[dict[str, str]]
    hashes: dict[str, str]


def read_direction(sources: Path, hypotheses: Path, references: Path) -> Text:
    """Read the three files of a direction. Raises UserError: no lines, unequal line counts, an empty
    reference, bytes that are not UTF-8."""
    hyps, refs = read_parallel(hypotheses, references)
    srcs = read_lines(sources)
    if len(srcs) != len(hyps):
        sizes = f"{hypotheses} has {len(hyps)} lines but {sources} has {len(srcs)}"
        raise UserError(f"{sizes}: line {min(len(srcs), len(hyps)) + 1} has no counterpart")
    samples = [{"src": s, "mt": m, "ref": r} for s, m, r in zip(srcs, hyps, refs, strict=True)]
    files = {"sources": sources, "hypotheses": hypotheses, "references": references}
    return Text(samples, {f"{name}_sha256": sha256_of(path) for name, path in files.items()})


def score_segments(
    texts: Mapping[str, Sequence[Mapping[str, str]]], cache: ScoreCache, load: Callable[[], CometScorer]
) -> tuple[dict[str, list[Kept]], tuple[str, ...], str]:
    """Score every segment that the cache lacks, each once; ``load`` is called only if there is one.

    ``texts``: samples of ``src``, ``mt`` and ``ref`` by direction. Returns the scores by direction, which
    texts the model reads, and one line on what was found where.
    """
    scorer = None
    if (reads := cache.reads()) is None:
        scorer = load()
        reads = scorer.reads
    cache.about["reads"] = list(reads)
    keys = {d: [key_of([one[text] for text in reads]) for one in samples] for d, samples in texts.items()}
    # In the order of the text, each once.
    pairs = (pair for d, samples in texts.items() for pair in zip(keys[d], samples, strict=True))
    wanted = dict(pairs)
    known = cache.look_up(wanted)
    cached = sum(key in known for listed in keys.values() for key in listed)
    todo = [key for key in wanted if key not in known]
    scored = 0
    try:
        for start in range(0, len(todo), CHUNK):
            # Another job may have scored some of them meanwhile.
            known |= cache.look_up(todo[start:])
            chunk = [key for key in todo[start : start + CHUNK] if key not in known]
            if chunk:
                scorer = scorer or load()
                samples = [{text: wanted[key][text] for text in reads} for key in chunk]
                for places, values in scorer.score(samples):
                    new = {chunk[n]: value for n, value in zip(places, values, strict=True)}
                    cache.add(new)
                    known |= new
                    scored += len(new)
                print(f"{scored} scored", flush=True)
    finally:
        cache.flush()
    n = sum(map(len, keys.values()))
    said = f"{cached} of {n} segments from the cache, {scored} scored, {n - cached - scored} repeated"
    return {d: [known[key] for key in listed] for d, listed in keys.items()}, reads, said


def load(files: ModelFiles, batch_size: int) -> CometScorer:
    """Return a loaded model. Raises UserError: it cannot be, or has no room."""
    with named_way_out():
        return CometScorer(files, batch_size)


def main(argv: list[str] | None = None, load: Callable[[ModelFiles, int], CometScorer] = load) -> None:
    """Score every direction and write both files; all directions' errors are raised at once. ``load``: of a
    caller that scores more by the same model."""
    for variable in OFFLINE:  # before the hub's library is imported: models are fetched beforehand
        os.environ[variable] = "1"
    args = _parse(argv)
    with named_way_out():
        files = find_model(args.fetched, args.folder)
    patterns = (args.sources, args.hypotheses, args.references)
    texts = of_each(args.directions, lambda d: read_direction(*(file_of(one, d) for one in patterns)))
    root = Path(os.environ.get(CACHE_VARIABLE) or args.cache) / "comet"
    sha256, key = hashes_of(files, root)
    comet = version("unbabel-comet")
    about = {"model": files.name, "sha256": sha256, "hash": key, "version": comet}
    cache = ScoreCache(root / key, about)
    samples = {d: text.samples for d, text in texts.items()}
    scores, reads, said = score_segments(samples, cache, partial(load, files, args.batch_size))
    print(f"{args.system} s{args.seed} {args.testset} {args.name}: {said}")

    known = args.known_languages or languages_of(str(files.settings["encoder_model"]))
    # The checkpoint, and all that its scores depend on: tokenizer, settings, versions.
    signature = f"model:{files.name}|sha256:{sha256[:8]}|hash:{key[:8]}|version:{comet}"
    scored: dict[str, Scored] = {}
    for direction, text in texts.items():
        column = np.array([kept.score for kept in scores[direction]], dtype=np.float64)[:, None]
        mean = float(column.mean())
        entry: dict[str, Any] = {
            "n": len(text.samples),
            "scores": [{"metric": args.name, "score": mean, "signature": signature}],
            **text.hashes,
            "flags": flags_of(direction, known),
            "cut": (cut := sum(kept.cut for kept in scores[direction])),
        }
        long = f", {cut} segments longer than the model reads" if cut else ""
        if "ref" not in reads:
            entry["references_sha256"] = None
        scored[direction] = Scored(entry, {args.name: column})
        print(f"{args.system} s{args.seed} {args.testset} {direction}: {args.name} {mean:.4f}{long}")
    write_scores(args.out, {**job_of(args), "model": {**about, "reads": list(reads)}}, scored)
    # Last, and no reason to fail: the scores are there.
    try:
        cache.tidy()
    except (OSError, UserError) as error:
        print(f"warning: {cache.folder} was not tidied up: {error}", file=sys.stderr)


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="comet", description=__doc__.splitlines()[0])
    fields = "with {direction}, {pair}, {source}, {target}"
    for name, number in (("sources", None), ("hypotheses", None), ("references", "+")):
        parser.add_argument(
            f"--{name}", required=True, nargs=number, help=f"files of detokenised text, {fields}"
        )
    add_job(parser)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--fetched", help="what evaluate.comet.fetch_comet wrote of a model on the hub")
    place.add_argument("--folder", help="folder with hparams.yaml and checkpoints/model.ckpt")
    known = "codes; default: those of XLM-R, where it is the encoder"
    parser.add_argument("--known-languages", nargs="+", help=known)
    parser.add_argument("--batch-size", type=int, default=16, help="segments scored at once")
    parser.add_argument("--cache", required=True, help=f"folder of scores; {CACHE_VARIABLE} goes before it")
    parser.add_argument("--name", default="comet", help="of the metric")
    args = parser.parse_args(argv)
    args.references = one_reference("COMET", args.references)
    if args.batch_size < 1:
        raise UserError(f"--batch-size {args.batch_size}: at least 1 is needed")
    named_once("directions", args.directions)
    return args


if __name__ == "__main__":
    run_main(main)
