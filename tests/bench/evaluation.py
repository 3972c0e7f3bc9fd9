"""What the benchmarks of scores and tests share: their text, and the commands of both sides."""

from collections.abc import Sequence
from pathlib import Path

from tests.bench.benchmark import Sides, by_its_own_clock, whole
from tests.bench.jobs import SHARED, python, run_once, stage

SYSTEMS = ("noisy", "better")
METRICS = "bleu chrf"
JOB = "--experiment bench --seed 1 --testset test"
#: Of sacrebleu's way only every tenth direction is run.
SHARE = 10
RESAMPLES = 1000


def write_text(text: Path) -> list[str]:
    """Write the outputs of both systems (``noisy_outputs``); return the sixty directions."""
    run_once(python("evaluate", "-m", "tests.bench.noisy_outputs", SHARED / "data/ntrex", text))
    return sorted(path.parent.name for path in text.glob("*/ref.txt"))


def score(text: Path, out: Path, system: str, directions: Sequence[str]) -> list[str]:
    """Return our job that scores a system."""
    files = f"--hypotheses {text}/{system}/{{direction}}/hyp.txt --sources {text}/{{direction}}/src.txt"
    files += f" --references {text}/{{direction}}/ref.txt --out {out}/{system}/test.raw.json"
    words = f"{JOB} --system {system} {files} --metrics {METRICS} --processes 1 --directions"
    return stage("evaluate", "evaluate.score", words, *directions)


def compare(out: Path, directions: Sequence[str]) -> list[str]:
    """Return our job that tests the difference of both systems, from the statistics that `score` keeps."""
    one, two = (out / system / "test.raw.segments.npz" for system in SYSTEMS)
    words = f"{JOB} --system better --segments {two} --against noisy {one} --resamples {RESAMPLES}"
    words += f" --processes 1 --out {out}/compared.json --directions"
    return stage("evaluate", "evaluate.significance.compare", words, *directions)


def sacrebleu(what: str, text: Path, directions: Sequence[str], scale: float = 1) -> list[str]:
    """Return the command of sacrebleu's own way (``sacrebleu_way``)."""
    return python("evaluate", "-m", "tests.bench.sacrebleu_way", what, text, scale, *directions)


def sides(what: str, folder: Path, share: float) -> Sides:
    """Return our jobs that score both systems, of ``what`` "tests" with the one that tests them, beside
    sacrebleu's way on every tenth direction. ``share``: of the sixty directions."""
    text = folder / "text"
    directions = write_text(text)
    directions = directions[: round(len(directions) * share)]
    jobs = [score(text, folder, system, directions) for system in SYSTEMS]
    jobs += [compare(folder, directions)] if what == "tests" else []
    few = directions[::SHARE]
    theirs = sacrebleu(what, text, few, len(directions) / len(few))
    return Sides(ours=whole(*jobs), anchor=by_its_own_clock(theirs))
