"""The likelihood of given references by a system, all directions of a test set.

By direction, the JSON has the number of sentences and target tokens (``</s>`` counts, the language tag does
not), nats per token and perplexity; the ``.npz`` has ``{direction}/log_likelihood`` float64 [n] and
``{direction}/tokens`` int32 [n]. Perplexities of systems with different subwords do not compare;
log-likelihoods do.
"""

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.archive import write_archive
from workflow_scripts.common.checked_options import at_least, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.common.parallel_text import read_parallel
from workflow_scripts.common.patterns import OF_A_DIRECTION, path_of
from workflow_scripts.likelihood.likelihood_scorer import BATCH_TOKENS, Likelihoods, LikelihoodScorer
from workflow_scripts.units.system import SystemFolder

#: Vectors of a direction; not the tables of ``evaluate.segments``.
LIKELIHOODS_FORMAT = "likelihoods-1"


def summary(scored: Likelihoods) -> dict[str, Any]:
    """Return what the JSON says of one direction's likelihoods; ValueError where none is known."""
    known = ~np.isnan(scored.log_likelihood)
    tokens = int(scored.tokens[known].sum())
    if not tokens:
        raise ValueError("no sentence has a likelihood")
    total = float(scored.log_likelihood[known].sum())
    return {
        "n": int(known.sum()),
        "skipped": int((~known).sum()),
        "cut_sources": scored.cut_sources,
        "tokens": tokens,
        "log_likelihood": total,
        "nats_per_token": -total / tokens,
        "perplexity": math.exp(-total / tokens),
    }


def add_system_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every stage takes that scores with a system."""
    parser.add_argument("--system", type=Path, required=True, help="folder of a system (holds system.json)")
    parser.add_argument("--directions", nargs="+", required=True, help="source-target, such as de-en")
    parser.add_argument(
        "--masks",
        nargs="?",
        metavar="PATTERN",
        help="mask file, with {direction}, of each direction that a masked system was not trained in",
    )
    parser.add_argument("--batch-tokens", type=int, default=BATCH_TOKENS, help="positions of a batch")
    parser.add_argument("--experiment", help="its name, for the JSON")
    parser.add_argument("--out", type=Path, required=True, help="JSON file; the .npz is written beside it")


def open_scorer(arguments: argparse.Namespace) -> tuple[SystemFolder, LikelihoodScorer]:
    """Return the system and the scorer that the arguments describe; UserError as ``LikelihoodScorer``."""
    directions, pattern = arguments.directions, arguments.masks
    named_once("directions", directions)
    at_least("batch-tokens", arguments.batch_tokens, 1)
    system = SystemFolder.read(arguments.system)
    others = [name for name in directions if name not in system.directions]
    masks = {name: path_of(pattern, name) for name in others} if pattern else None
    return system, LikelihoodScorer(system, directions, masks)


def job_of(arguments: argparse.Namespace, system: SystemFolder) -> dict[str, Any]:
    """Return what names a job, as its files have it."""
    return {"experiment": arguments.experiment, "system": system.system, "seed": system.seed}


def main(argv: list[str] | None = None) -> None:
    """Run the stage; UserError for text or a system that does not fit, before anything is computed."""
    parser = argparse.ArgumentParser(prog="likelihood", description=__doc__.partition("\n")[0])
    add_system_arguments(parser)
    parser.add_argument(
        "--sources", required=True, help=f"raw text, perhaps with {', '.join(OF_A_DIRECTION)}"
    )
    parser.add_argument("--references", required=True, help="raw text, alike")
    parser.add_argument("--testset", help="its name, for the JSON")
    arguments = parser.parse_args(argv)

    files = {
        name: (path_of(arguments.sources, name), path_of(arguments.references, name))
        for name in arguments.directions
    }
    text = {name: list(zip(*read_parallel(*of), strict=True)) for name, of in files.items()}
    system, scorer = open_scorer(arguments)
    results: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for name, pairs in text.items():
        scored = scorer.score(name, pairs, arguments.batch_tokens)
        try:
            results[name] = summary(scored)
        except ValueError:
            raise UserError(
                f"{files[name][1]}: every line is longer than the model's {scorer.longest} subwords"
            ) from None
        for key, path in zip(("sources", "references"), files[name], strict=True):
            results[name][f"{key}_sha256"] = sha256_of(path)
        arrays[f"{name}/log_likelihood"] = scored.log_likelihood
        arrays[f"{name}/tokens"] = scored.tokens
        entry = results[name]
        left_out = f", {entry['skipped']} too long" if entry["skipped"] else ""
        print(
            f"{system.system} s{system.seed} {name}: {entry['nats_per_token']:.4f} nats/token, "
            f"perplexity {entry['perplexity']:.2f} ({entry['n']} sentences{left_out})",
            file=sys.stderr,
            flush=True,
        )
    facts = {**job_of(arguments, system), "testset": arguments.testset}
    write_archive(arguments.out.with_suffix(".npz"), arrays, {"format": LIKELIHOODS_FORMAT, **facts})
    write_json(arguments.out, {**facts, "weights_sha256": system.weights_sha256, "directions": results})


if __name__ == "__main__":
    run_main(main)
