"""Scores and significance of two systems in 60 directions, against sacrebleu's own way; Markdown on stdout.

``envs/bin/run-in evaluate tests.bench.bench_evaluation [--processes 2]``. Text: ``noisy_outputs`` (NTREX with
seeded noise, 2 systems × 60 directions × 2,009 sentences; ``--text DIR``: it is written there and kept). Jobs
are processes started as the rules start them, start-up included. sacrebleu's way (``corpus_score`` of each
file, ``PairedTest`` of each direction) is run on every tenth direction, one process, and scaled up.

CPU seconds stand beside wall seconds, since a loaded machine stretches the latter. Peak is the largest
process; with N processes N + 1 are there, and "at most" is that many times the largest.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.jobs import SHARED, Took, python, run_once, stage
from tests.bench.noisy_outputs import LINES

SYSTEMS = ("noisy", "better")
#: Of sacrebleu's way only every tenth direction is run.
SHARE = 10
METRICS = ("bleu", "chrf")
JOB = "--experiment bench --seed 1 --testset test"

# What a user of sacrebleu's library would write.
SCORE_FILES = """
import sys
from pathlib import Path
from sacrebleu.metrics import BLEU, CHRF
root, directions, systems = Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
for system in systems:
    for direction in directions:
        hyps = (root / system / direction / "hyp.txt").read_text().split("\\n")[:-1]
        refs = (root / direction / "ref.txt").read_text().split("\\n")[:-1]
        for metric in (BLEU(), CHRF(word_order=2)):
            metric.corpus_score(hyps, [refs])
"""
TEST_FILES = """
import sys
from pathlib import Path
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest
root, directions, systems = Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
for direction in directions:
    named = [(s, (root / s / direction / "hyp.txt").read_text().split("\\n")[:-1]) for s in systems]
    refs = (root / direction / "ref.txt").read_text().split("\\n")[:-1]
    for kind in ("bs", "ar"):
        PairedTest(named, {"bleu": BLEU(), "chrf": CHRF(word_order=2)}, [refs], kind, int(sys.argv[4]))()
"""
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
score_directions(tasks, int(sys.argv[4]))
"""


def show(name: str, parts: Sequence[Took], processes: int, scale: float = 1) -> float:
    """Print a row of jobs that ran one after the other; return their CPU seconds."""
    wall, cpu = (sum(part[i] for part in parts) * scale for i in (0, 1))
    peak = max(part[2] for part in parts)
    most = peak * (processes + 1 if processes > 1 else 1)
    print(f"| {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} | {most:.0f} |", flush=True)
    return cpu


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bench_evaluation", description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--resamples", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--text", type=Path, help="folder of the text, kept; made if it is not there")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="neuronspec-bench-") as temporary:
        work = Path(temporary)
        text = args.text or work / "text"
        if not text.is_dir():
            run_once(python("evaluate", "-m", "tests.bench.noisy_outputs", SHARED / "data/ntrex", text))
        directions = sorted(path.parent.name for path in text.glob("*/ref.txt"))
        few = directions[::SHARE]
        scale = len(directions) / len(few)
        n, p = len(directions), args.processes
        print(
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {n} directions of {LINES:,} sentences\n"
        )
        print("| what | wall s | CPU s | peak MB | at most MB |\n|---|---:|---:|---:|---:|")

        def score(system: str) -> list[str]:
            files = (
                f"--hypotheses {text}/{system}/{{direction}}/hyp.txt --sources {text}/{{direction}}/src.txt"
            )
            files += f" --references {text}/{{direction}}/ref.txt --out {work}/{system}/test.raw.json"
            asked = f"--metrics {' '.join(METRICS)} --processes {p} --directions"
            return stage(
                "evaluate", "evaluate.score", f"{JOB} --system {system} {files} {asked}", *directions
            )

        every, both = " ".join(directions), " ".join(SYSTEMS)
        ours = show(f"two jobs `score`, {p} processes", [run_once(score(system)) for system in SYSTEMS], p)
        show(
            f"both systems at once, {p} processes",
            [run_once(python("evaluate", "-c", SCORE_TOGETHER, text, every, both, p))],
            p,
        )
        theirs = show(
            "sacrebleu, each file by itself",
            [run_once(python("evaluate", "-c", SCORE_FILES, text, " ".join(few), both))],
            1,
            scale,
        )
        for resamples in args.resamples:
            out = work / f"{resamples}.json"
            one, two = (work / system / "test.raw.segments.npz" for system in SYSTEMS)
            asked = (
                f"--segments {two} --against noisy {one} --resamples {resamples} --processes {p} --out {out}"
            )
            words = f"{JOB} --system better {asked} --directions"
            parts = [run_once(stage("evaluate", "evaluate.significance.compare", words, *directions))]
            tests = show(f"`compare`, {resamples:,} resamples, both tests, {p} processes", parts, p)
            if resamples == min(args.resamples):
                command = python("evaluate", "-c", TEST_FILES, text, " ".join(few), both, resamples)
                their_tests = show(
                    f"sacrebleu's two tests, {resamples:,} resamples", [run_once(command)], 1, scale
                )
                ratio = their_tests / tests
        found = json.loads(out.read_text())["against"]["noisy"]
        small = sum(one["bleu"]["p_bootstrap"] < 0.05 for one in found.values())
    print(f"\nCPU seconds of sacrebleu's way over ours: scores {theirs / ours:.1f}, tests {ratio:.0f}.")
    print(f"{small} of {n} directions have p < 0.05 (BLEU, bootstrap, uncorrected).")


if __name__ == "__main__":
    main()
