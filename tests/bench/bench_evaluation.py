"""Scores and significance of two systems, like for like with sacrebleu's own way; Markdown on stdout.

``envs/bin/run-in evaluate tests.bench.bench_evaluation [--every 10]``. Text: ``noisy_outputs`` (NTREX
with seeded noise, 2 systems × 60 directions × 2,009 sentences), of which both sides take every tenth
direction. CPU seconds of whole processes of one core, start-up included, in turn. sacrebleu's tests
score both systems twice, once a test; ours read the statistics that `score` keeps. So tests are
compared twice: with all scoring on both sides, and without any.
"""

import argparse
import os
import tempfile
from pathlib import Path

from tests.bench import evaluation
from tests.bench.benchmark import Run, by_its_own_clock, whole
from tests.bench.jobs import python
from tests.bench.noisy_outputs import LINES

# Both systems of a direction at once, as evaluate_outputs does.
SCORE_TOGETHER = """
import sys
from pathlib import Path
from workflow_scripts.evaluate.score import score_directions
root, directions, systems = Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
tasks = {
    d: {
        "hypotheses": {s: root / s / d / "hyp.txt" for s in systems},
        "references": root / d / "ref.txt",
        "metrics": ["bleu", "chrf"],
    }
    for d in directions
}
score_directions(tasks, 1)
"""


def show(name: str, ours: Run, theirs: Run) -> None:
    figures = f"{ours.value:.1f} | {ours.peak:.0f} | {theirs.value:.1f} | {theirs.peak:.0f}"
    print(f"| {name} | {figures} | {theirs.value / ours.value:.1f} |", flush=True)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bench_evaluation", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--every", type=int, default=evaluation.SHARE, help="of the sixty directions, one of so many"
    )
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="neuronspec-bench-") as temporary:
        work = Path(temporary)
        text = work / "text"
        directions = evaluation.write_text(text)[:: args.every]
        load = os.getloadavg()[0]
        print(f"{os.cpu_count()} cores, load {load:.1f}; {len(directions)} directions of {LINES:,}\n")
        print("| what | ours, CPU s | MB | sacrebleu, CPU s | MB | ratio |\n|---|---:|---:|---:|---:|---:|")
        jobs = [evaluation.score(text, work, system, directions) for system in evaluation.SYSTEMS]
        apart = whole(*jobs)()
        theirs = by_its_own_clock(evaluation.sacrebleu("scores", text, directions))()
        show("scores, a job for each system", apart, theirs)
        words = ["-c", SCORE_TOGETHER, text, " ".join(directions), " ".join(evaluation.SYSTEMS)]
        show("scores, both systems at once", whole(python("evaluate", *words))(), theirs)
        tests = whole(evaluation.compare(work, directions))()
        theirs = by_its_own_clock(evaluation.sacrebleu("tests", text, directions))()
        both = Run(apart.value + tests.value, max(apart.peak, tests.peak))
        show(f"scores and both tests, {evaluation.RESAMPLES:,} resamples", both, theirs)
        theirs = by_its_own_clock(evaluation.sacrebleu("resampling", text, directions))()
        show(f"both tests alone, {evaluation.RESAMPLES:,} resamples", tests, theirs)


if __name__ == "__main__":
    main()
