"""BLEU and chrF++ of two systems in sixty directions of 2,009 sentences: our two jobs against
sacrebleu's own way.

sacrebleu's way is run on every tenth direction and scaled, but for its start-up.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.bench import evaluation
from tests.bench.benchmark import Benchmark, Runs, Sides, by_its_own_clock, whole


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    directions = evaluation.write_text(folder / "text")
    directions = directions[: round(len(directions) * share)]
    jobs = [evaluation.score(folder / "text", folder, system, directions) for system in evaluation.SYSTEMS]
    few = directions[:: evaluation.SHARE]
    theirs = evaluation.sacrebleu("scores", folder / "text", few, len(directions) / len(few))
    return Sides(ours=whole(*jobs), anchor=by_its_own_clock(theirs))


BENCHMARK = Benchmark("score_120", "CPU s", runs=1, prepare=prepare, shared=("data/ntrex",))
