"""Wall time and peak memory of every short job, start-up included (the budget is 2 s), as Markdown on stdout.

``envs/bin/run-in fairseq tests.bench.bench_startup [--runs N]``. Each job is a process of its own, started as
the rules start it; the fastest of N runs stands beside the median, since other work on the machine only adds;
CPU seconds show what a loaded machine hides.

1. Start-up: the module's ``--help``, that is interpreter and imports. What a module imports only when it
   works is not in it; decoding's imports are therefore timed by name.
2. Whole jobs without a model, on made-up inputs of the size of the published experiment where that matters.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN_IN = ROOT / "envs" / "bin" / "run-in"
BUDGET_SECONDS = 2.0
SENTENCES = 1000
LANGUAGES = [f"{a}{b}" for a in "abc" for b in "abcdefghij"]  # thirty, as in EC30
DIRECTIONS = [f"en-{x}" for x in LANGUAGES] + [f"{x}-en" for x in LANGUAGES]
FAMILIES = {family: [x for x in LANGUAGES if x[0] == family] for family in "abc"}
SYSTEMS = ["baseline", "continued", *(f"ns-k{k}" for k in (50, 60, 70, 80, 90, 95, "97.5", 99, "99.5", 100))]
SEEDS = [1, 2, 3]

#: Stage modules and the environment their rule names.
STAGES = {
    "data.generate_toy": "text",
    "data.prepare_text": "text",
    "data.train_subwords": "text",
    "data.binarise": "text",
    "data.write_card": "text",
    "train.train_baseline": "fairseq",
    "activations.count_activations": "fairseq",
    "select.select_masks": "text",
    "train.finetune": "fairseq",
    "translate.decode": "text",
    "evaluate.score": "evaluate",
    "analyse.mask_control": "fairseq",
    "analyse.overlap": "text",
    "report.tabulate": "evaluate",
    "report.plot_training": "evaluate",
    "report.plot_sweep": "evaluate",
    "report.show": "evaluate",
}


@dataclass(frozen=True)
class Measured:
    """Wall seconds of each run, the least CPU seconds, and the largest peak memory in MB."""

    seconds: list[float]
    cpu_seconds: float
    peak_mb: float


def run_once(command: Sequence[str]) -> tuple[float, float, float]:
    """Run a command and return its wall seconds, CPU seconds and peak memory in MB; stop where it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = os.posix_spawn(
            command[0],
            list(command),
            {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            file_actions=[(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)],
        )
        _, status, usage = os.wait4(process, 0)
        seconds = time.perf_counter() - started
        if status:
            log.seek(0)
            raise SystemExit(f"failed: {' '.join(command)[:300]}\n{log.read().decode(errors='replace')}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(command: Sequence[str], runs: int) -> Measured:
    """Run a command ``runs`` times, after one that is not counted and fills the file cache."""
    run_once(command)
    results = [run_once(command) for _ in range(runs)]
    wall, cpu, peak = zip(*results, strict=True)
    return Measured(list(wall), min(cpu), max(peak))


def stage(environment: str, module: str, *arguments: object) -> list[str]:
    """The command of a stage, as the rules have it."""
    return [str(RUN_IN), environment, f"workflow_scripts.{module}", *map(str, arguments)]


def imports(environment: str, module: str) -> list[str]:
    """A command that only imports a module in an environment."""
    folder = Path(os.environ.get("NEURONSPEC_VENVS", ROOT / ".venvs"))
    return [str(folder / environment / "bin" / "python"), "-c", f"import workflow_scripts.{module}"]


# ---- made-up inputs ---------------------------------------------------------------------------------


def text(lines: int, seed: int) -> str:
    """Lines of 5 to 20 invented words, frequent ones more often."""
    draw = random.Random(seed)
    letters = "abcdefghijklmnoprstuvz"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(3000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    return "".join(
        " ".join(draw.choices(words, weights, k=draw.randint(5, 20))).capitalize() + ".\n"
        for _ in range(lines)
    )


def write_scores(root: Path) -> None:
    """All score files of an experiment with 60 directions, 12 systems and 3 seeds."""
    draw = random.Random(1)
    for system in SYSTEMS:
        for seed in SEEDS:
            folder = root / system / f"s{seed}" / "test"
            folder.mkdir(parents=True)
            for direction in DIRECTIONS:
                names = {"experiment": "bench", "system": system, "seed": seed, "testset": "test"}
                numbers = [
                    {"metric": m, "score": draw.gauss(30, 3), "signature": m} for m in ("bleu", "chrf")
                ]
                other = {
                    "profile": "raw",
                    "direction": direction,
                    "n": SENTENCES,
                    "references_sha256": direction,
                }
                content = names | other | {"scores": numbers}
                (folder / f"{direction}.json").write_text(json.dumps(content))


def write_activations(root: Path) -> None:
    """Counts of 60 directions for the big model of the paper: 6 + 6 layers of 4,096 units."""
    import numpy as np

    from workflow_scripts.units.score_table import ScoreTable
    from workflow_scripts.units.space import ffn_space

    space = ffn_space(6, 6, 4096)
    draw = np.random.default_rng(1)
    for direction in DIRECTIONS:
        counts = (draw.pareto(1.0, size=(1, space.size)) * 100).astype(np.int64)
        metadata = {"weights_sha256": "0" * 64, "counting": "pads excluded", "data_sha256": "1" * 64}
        ScoreTable([direction], counts, space, metadata).write(root / f"{direction}.npz")


def write_validation(path: Path) -> None:
    """Validation losses of 60 directions at 20 updates."""
    rows = [f"{100 * i},{d},{5 + 1 / i:.4f},{4 + 1 / i:.4f},1000\n" for i in range(1, 21) for d in DIRECTIONS]
    path.write_text("update,direction,loss,nll_loss,tokens\n" + "".join(rows))


# ---- the jobs ---------------------------------------------------------------------------------------


def jobs(work: Path) -> dict[str, tuple[str, list[str]]]:
    """Whole jobs in an order in which later ones find what earlier ones wrote: name -> (size, command)."""
    for name, lines, seed in (("small.aa", SENTENCES, 1), ("small.en", SENTENCES, 2), ("big", 20_000, 3)):
        (work / f"{name}.txt").write_text(text(lines, seed), encoding="utf-8")
    write_scores(work / "scores")
    (work / "activations").mkdir()
    write_activations(work / "activations")
    write_validation(work / "validation.csv")
    prepared = work / "text" / "train"
    small, big = f"{SENTENCES:,} lines", "20,000 lines"

    def prepare(files: list[str], out: str) -> list[str]:
        outs = [prepared / f"{out}.aa.txt", prepared / f"{out}.en.txt"]
        paths = [work / f"{name}.txt" for name in files]
        stats = work / f"{out}.json"
        return stage(
            "text",
            "data.prepare_text",
            "--pair",
            "aa-en",
            "--files",
            *paths,
            "--out",
            *outs,
            "--stats",
            stats,
        )

    subwords = ["--out-model", work / "spm.model", "--out-dict", work / "dict.txt"]
    learn = ["--text-root", work / "text", "--pairs", "aa-en", "--languages", "en", "aa", "--vocab-size", 500]
    spoken = ["--subwords", work / "spm.model", "--dictionary", work / "dict.txt", "--stats", work / "b.json"]
    binarise = [
        "--text-file",
        prepared / "aa-en.aa.txt",
        "--lang",
        "aa",
        "--out-prefix",
        work / "bin",
        *spoken,
    ]
    select = ["--activations-root", work / "activations", "--directions", *DIRECTIONS, "--select"]
    masks = work / "masks.npz"
    shared = ["--masks", masks, "--groups", json.dumps(FAMILIES), "--pivot", "en", "--permutations", 10_000]
    overlap = [*shared, "--seed", 1, "--out-json", work / "o.json", "--out-csv", work / "o.csv"]
    overlap += ["--out-markdown", work / "o.md"]
    named = [
        "--experiment",
        "bench",
        "--system",
        "ns",
        "--seed",
        1,
        "--testset",
        "test",
        "--direction",
        "en-aa",
    ]
    scored = ["--hypotheses", work / "small.aa.txt", "--references", work / "small.en.txt"]
    score = [*scored, *named, "--metrics", "bleu", "chrf", "--out", work / "score.json"]
    listed = ["--systems", *SYSTEMS, "--seeds", *SEEDS, "--testsets", "test", "--directions", *DIRECTIONS]
    asked = ["--metrics", "bleu", "chrf", "--pivot", "en", "--groups", json.dumps({"family": FAMILIES})]
    tables = ["--scores-root", work / "scores", "--experiment", "bench", "--out-dir", work / "tables"]
    curves = [f"{system}={work / 'validation.csv'}" for system in SYSTEMS[:4]]
    return {
        "data.prepare_text (test set)": (small, prepare(["small.aa", "small.en"], "small")),
        "data.prepare_text (training)": (big, prepare(["big", "big"], "aa-en")),
        "data.train_subwords": (f"{big} × 2", stage("text", "data.train_subwords", *learn, *subwords)),
        "data.binarise": (big, stage("text", "data.binarise", *binarise)),
        "select.select_masks": (
            "60 directions, 49,152 units",
            stage("text", "select.select_masks", *select, "mass:95", "--out", masks),
        ),
        "analyse.overlap": ("60 directions, 10,000 permutations", stage("text", "analyse.overlap", *overlap)),
        "evaluate.score": (small, stage("evaluate", "evaluate.score", *score)),
        "report.tabulate": (
            "60 directions × 12 systems × 3 seeds",
            stage("evaluate", "report.tabulate", *tables, *listed, *asked),
        ),
        "report.show": ("the same", stage("evaluate", "report.show", "--tables", work / "tables")),
        "report.plot_sweep": (
            "10 values of k",
            stage(
                "evaluate",
                "report.plot_sweep",
                "--summary",
                work / "tables/summary.csv",
                "--out",
                work / "k.png",
            ),
        ),
        "report.plot_training": (
            "4 systems, 60 directions",
            stage("evaluate", "report.plot_training", "--validation", *curves, "--out", work / "t.png"),
        ),
    }


def show(name: str, size: str, measured: Measured) -> None:
    """Print one row."""
    best, median = min(measured.seconds), statistics.median(measured.seconds)
    numbers = f"{best:.2f} | {median:.2f} | {measured.cpu_seconds:.2f} | {measured.peak_mb:.0f}"
    print(f"| {name} | {size} | {numbers} |", flush=True)


def table(title: str, size: str) -> None:
    """Print a heading and the head of a table."""
    print(f"\n### {title}\n\n| job | {size} | fastest s | median s | CPU s | peak MB |")
    print("|---|---|---:|---:|---:|---:|")


def main(
    argv: list[str] | None = None, measure_job: Callable[[Sequence[str], int], Measured] = measure
) -> None:
    """Measure all and print two tables, then the whole jobs whose fastest run is over the budget."""
    parser = argparse.ArgumentParser(prog="bench_startup", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each job")
    args = parser.parse_args(argv)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before the start, best and median of {args.runs} runs")

    table("Start-up", "environment")
    for module, environment in STAGES.items():
        if not (ROOT / "workflow_scripts" / Path(*module.split(".")).with_suffix(".py")).is_file():
            print(f"(no {module} in this checkout)", file=sys.stderr)
            continue
        show(f"`{module}`", environment, measure_job(stage(environment, module, "--help"), args.runs))
    engine = imports("text", "translate.ctranslate2_engine")
    show("imports of a decoding job", "text", measure_job(engine, args.runs))

    table(f"Whole jobs without a model (budget {BUDGET_SECONDS:g} s)", "size")
    late = []
    with tempfile.TemporaryDirectory(prefix="neuronspec-bench-") as folder:
        for name, (size, command) in jobs(Path(folder)).items():
            measured = measure_job(command, args.runs)
            show(f"`{name}`", size, measured)
            if min(measured.seconds) > BUDGET_SECONDS:
                late.append(f"{name} ({measured.cpu_seconds:.2f} s of CPU)")
    # Said, not failed: on a loaded machine wall time says more about its neighbours.
    print(f"\nOver {BUDGET_SECONDS:g} s: {', '.join(late) or 'none'}.")


if __name__ == "__main__":
    main()
