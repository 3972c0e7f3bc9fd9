"""Wall time and peak memory of every short job, start-up included (the budget is 2 s), as Markdown on stdout.

``envs/bin/run-in fairseq tests.bench.bench_startup [--runs N]``. Beside the median is the fastest of N runs,
since other work on the machine only adds.

1. Start-up: the module's ``--help``, that is interpreter and imports. What a module imports only when it
   works is not in it; decoding's imports are therefore timed by name.
2. Whole jobs without a model, on made-up inputs of the size of the published experiment where that matters.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.jobs import python, run_once, stage

BUDGET_SECONDS = 2.0
SENTENCES = 1000
LANGUAGES = [f"{a}{b}" for a in "abc" for b in "abcdefghij"]  # thirty, as in EC30
DIRECTIONS = [f"en-{x}" for x in LANGUAGES] + [f"{x}-en" for x in LANGUAGES]
FAMILIES = {family: [x for x in LANGUAGES if x[0] == family] for family in "abc"}
SYSTEMS = ["baseline", "continued", *(f"ns-k{k}" for k in (50, 60, 70, 80, 90, 95, "97.5", 99, "99.5", 100))]
SEEDS = [1, 2, 3]
#: Stage modules by the environment that their rules name.
STAGES = {
    "text": "data.generate_toy data.prepare_text data.train_subwords data.binarise data.write_card"
    " units.select_masks translate.decode analyse.overlap",
    "fairseq": "train.train_baseline activations.count_activations train.finetune analyse.mask_control",
    "evaluate": "evaluate.score report.tables.tabulate report.figures.plot_training"
    " report.figures.plot_tables report.tables.show",
}


def text(lines: int, seed: int) -> str:
    """Lines of 5 to 20 invented words, frequent ones more often."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("abcdefghijklmnoprstuvz", k=draw.randint(2, 9))) for _ in range(3000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    drawn = (draw.choices(words, weights, k=draw.randint(5, 20)) for _ in range(lines))
    return "".join(f"{' '.join(line).capitalize()}.\n" for line in drawn)


def write_scores(root: Path) -> None:
    """All score files of an experiment with 60 directions, 12 systems and 3 seeds."""
    draw = random.Random(1)
    for system in SYSTEMS:
        for seed in SEEDS:
            entries = {}
            for direction in DIRECTIONS:
                scores = [{"metric": m, "score": draw.gauss(30, 3), "signature": m} for m in ("bleu", "chrf")]
                entries[direction] = {"n": SENTENCES, "scores": scores, "references_sha256": direction}
            job = {"experiment": "bench", "system": system, "seed": seed, "testset": "test", "profile": "raw"}
            path = root / system / f"s{seed}/test.raw.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({**job, "directions": entries}))


def write_activations(root: Path) -> None:
    """Counts of 60 directions for the big model of the paper: 6 + 6 layers of 4,096 units."""
    import numpy as np

    from workflow_scripts.units.score_table import ScoreTable
    from workflow_scripts.units.space import ffn_space

    space, draw = ffn_space(6, 6, 4096), np.random.default_rng(1)
    for direction in DIRECTIONS:
        counts = (draw.pareto(1.0, size=(1, space.size)) * 100).astype(np.int64)
        metadata = {"weights_sha256": "0" * 64, "counting": "pads excluded", "data_sha256": "1" * 64}
        ScoreTable([direction], counts, space, metadata).write(root / f"{direction}.npz")


def jobs(work: Path) -> dict[str, tuple[str, list[str]]]:
    """Whole jobs in an order in which later ones find what earlier ones wrote: name -> (size, command)."""
    sizes = {"small.aa": SENTENCES, "small.en": SENTENCES, "big.aa": 20_000, "big.en": 20_000}
    for seed, (name, lines) in enumerate(sizes.items()):
        (work / f"{name}.txt").write_text(text(lines, seed), encoding="utf-8")
    write_scores(work / "scores")
    (work / "activations").mkdir()
    write_activations(work / "activations")
    rows = [f"{100 * i},{d},{5 + 1 / i:.4f},{4 + 1 / i:.4f},1000\n" for i in range(1, 21) for d in DIRECTIONS]
    (work / "validation.csv").write_text("update,direction,loss,nll_loss,tokens\n" + "".join(rows))
    small, big, every, by_family = "1,000 lines", "20,000 lines", " ".join(DIRECTIONS), json.dumps(FAMILIES)
    w, train = work, work / "text/train"
    pair = f"--pair aa-en --stats {w}/p.json --files {w}"
    curves = " ".join(f"{system}.s1={w}/validation.csv" for system in SYSTEMS[:4])
    asked = {
        "data.prepare_text": [
            (small, f"{pair}/small.aa.txt {w}/small.en.txt --out {w}/p.aa {w}/p.en"),
            (big, f"{pair}/big.aa.txt {w}/big.en.txt --out {train}/aa-en.aa.txt {train}/aa-en.en.txt"),
        ],
        "data.train_subwords": [
            (
                f"{big} × 2",
                f"--text-root {w}/text --pairs aa-en --languages en aa --vocab-size 500"
                f" --out-model {w}/spm.model --out-dict {w}/dict.txt",
            )
        ],
        "data.binarise": [
            (
                big,
                f"--text-file {train}/aa-en.aa.txt --lang aa --out-prefix {w}/bin --stats {w}/b.json"
                f" --subwords {w}/spm.model --dictionary {w}/dict.txt",
            )
        ],
        "units.select_masks": [
            (
                "60 directions, 49,152 units",
                f"--activations-root {w}/activations --directions {every} --select mass:95 --out {w}/m.npz",
            )
        ],
        "analyse.overlap": [
            (
                "60 directions, 10,000 permutations",
                f"--masks {w}/m.npz --pivot en --permutations 10000 --seed 1 --out-json {w}/o.json"
                f" --out-csv {w}/o.csv --out-markdown {w}/o.md --groups",
                by_family,
            )
        ],
        "evaluate.score": [
            (
                small,
                f"--hypotheses {w}/small.aa.txt --references {w}/small.en.txt --experiment bench --system ns"
                f" --seed 1 --testset test --directions en-aa --metrics bleu chrf --out {w}/score.json",
            )
        ],
        "report.tables.tabulate": [
            (
                "60 directions × 12 systems × 3 seeds",
                f"--scores-root {w}/scores --experiment bench --out-dir {w}/tables --testsets test"
                f" --systems {' '.join(SYSTEMS)} --seeds 1 2 3 --directions {every} --metrics bleu chrf"
                " --pivot en --groups",
                json.dumps({"family": FAMILIES}),
            )
        ],
        "report.tables.show": [("the same", f"--tables {w}/tables")],
        "report.figures.plot_tables": [
            (
                "10 values of k, 60 directions",
                f"--tables {w}/tables --benchmarks {w}/benchmarks --sweeps ns --testsets test --pivot en"
                f" --seeds 1 2 3 --out-dir {w}/figures",
            )
        ],
        "report.figures.plot_training": [
            ("4 systems, 60 directions", f"--validation {curves} --out {w}/t.png")
        ],
    }
    environments = {module: name for name, modules in STAGES.items() for module in modules.split()}
    return {
        f"`{module}`, {size}": (size, stage(environments[module], module, *words))
        for module, calls in asked.items()
        for size, *words in calls
    }


def show(name: str, size: str, command: Sequence[str], runs: int) -> tuple[float, float]:
    """Run a command, after one run that fills the file cache; print its row, return its best figures."""
    run_once(command)
    wall, cpu, peak = zip(*(run_once(command) for _ in range(runs)), strict=True)
    print(f"| {name} | {size} | {min(wall):.2f} | {statistics.median(wall):.2f} | {min(cpu):.2f}", end="")
    print(f" | {max(peak):.0f} |", flush=True)
    return min(wall), min(cpu)


def table(title: str, size: str) -> None:
    print(f"\n### {title}\n\n| job | {size} | fastest s | median s | CPU s | peak MB |")
    print("|---|---|---:|---:|---:|---:|")


def main() -> None:
    """Measure all and print two tables, then the whole jobs whose fastest run is over the budget."""
    parser = argparse.ArgumentParser(prog="bench_startup", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each job")
    runs = parser.parse_args().runs
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; best and median of {runs} runs")
    table("Start-up", "environment")
    for environment, modules in STAGES.items():
        for module in modules.split():
            show(f"`{module}`", environment, stage(environment, module, "--help"), runs)
    engine = python("text", "-c", "import workflow_scripts.translate.ctranslate2_engine")
    show("imports of a decoding job", "text", engine, runs)
    table(f"Whole jobs without a model (budget {BUDGET_SECONDS:g} s)", "size")
    late = []
    with tempfile.TemporaryDirectory(prefix="neuronspec-bench-") as folder:
        for name, (size, command) in jobs(Path(folder)).items():
            wall, cpu = show(name, size, command, runs)
            if wall > BUDGET_SECONDS:
                late.append(f"{name} ({cpu:.2f} s of CPU)")
    # Said, not failed: on a loaded machine wall time says more about its neighbours.
    print(f"\nOver {BUDGET_SECONDS:g} s: {', '.join(late) or 'none'}.")


if __name__ == "__main__":
    main()
