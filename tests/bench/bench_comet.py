"""Seconds and memory of a COMET job, fresh and of unchanged segments, as Markdown on stdout.

``envs/bin/run-in comet tests.bench.bench_comet [--lines N]``. A model of a few thousand random weights scores
sixty directions; what is measured is therefore everything but the model: start-up, reading, tokenisation,
the cache. Then the same job again, and one with a tenth of its hypotheses changed.
"""

import argparse
import os
import random
import re
import tempfile
from pathlib import Path

from tests.bench.jobs import python, run_once, stage

# Not imported here: a process that has torch hands its memory on to the figures of those it starts.
MAKE = "import pathlib; from tests.unit.comet.tiny_comet import make_model; make_model(pathlib.Path('model'))"
WORDS = ["the", "house", "by", "river", "das", "alte", "Haus", "am", "Fluss", "petite", "maison", "rouge"]
DIRECTIONS = [f"{one}{two}-en" for one in "abcdef" for two in "abcdefghij"]
JOB = (
    "--folder model --sources {direction}.src --hypotheses {direction}.mt --references {direction}.ref"
    " --experiment x --system s --seed 1 --testset t --cache cache --out out.json --directions "
)


def measure(folder: Path, name: str) -> None:
    command = stage("comet", "evaluate.comet.score_comet", JOB + " ".join(DIRECTIONS))
    took = run_once(command, folder, folder / "log")
    said = re.search(r"\d+ of \d+ segments.*", (folder / "log").read_text())
    assert said
    print(f"| {name} | {took.wall:.1f} | {took.cpu:.1f} | {took.peak:.0f} | {said[0]} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=200, help="of each of sixty directions")
    lines = parser.parse_args().lines
    draw = random.Random(1)
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_once(python("comet", "-W", "ignore", "-c", MAKE), folder)

        def write(direction: str, end: str) -> None:
            text = [" ".join(draw.choices(WORDS, k=draw.randint(5, 15))) for _ in range(lines)]
            (folder / f"{direction}.{end}").write_text("\n".join(text) + "\n", encoding="utf-8")

        for direction in DIRECTIONS:
            for end in ("src", "mt", "ref"):
                write(direction, end)
        print("| job | wall s | CPU s | MB | |\n|---|--:|--:|--:|---|")
        measure(folder, "fresh")
        measure(folder, "unchanged")
        for direction in DIRECTIONS[::10]:
            write(direction, "mt")
        measure(folder, "a tenth changed")


if __name__ == "__main__":
    main()
