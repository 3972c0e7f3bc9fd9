"""Seconds and memory of a COMET job, fresh and of unchanged segments, as Markdown on stdout.

``envs/bin/run-in comet tests.bench.bench_comet [--lines N]``. A model of a few thousand random weights scores
sixty directions; what is measured is therefore everything but the model: start-up, reading, tokenisation,
the cache. Then the same job again, and one with a tenth of its hypotheses changed. CPU seconds, since other
work on the machine only adds to the others.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Not imported here: a process that has torch hands its memory on to the figures of those it starts.
MAKE = "import pathlib; from tests.unit.comet.tiny_comet import make_model; make_model(pathlib.Path('model'))"
WORDS = ["the", "house", "by", "river", "das", "alte", "Haus", "am", "Fluss", "petite", "maison", "rouge"]
DIRECTIONS = [f"{one}{two}-en" for one in "abcdef" for two in "abcdefghij"]


def measure(folder: Path, name: str) -> None:
    """Run a job and print its row."""
    command = [str(ROOT / "envs/bin/run-in"), "comet", "workflow_scripts.evaluate.comet", "--folder", "model"]
    command += [
        "--sources",
        "{direction}.src",
        "--hypotheses",
        "{direction}.mt",
        "--references",
        "{direction}.ref",
    ]
    command += ["--experiment", "x", "--system", "s", "--seed", "1", "--testset", "t", "--cache", "cache"]
    command += ["--out", "out.json", "--directions", *DIRECTIONS]
    log = folder / "log"
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.execv(command[0], command)
    _, status, used = os.wait4(pid, 0)
    if status:
        sys.exit(log.read_text())
    wall, cpu = time.monotonic() - start, used.ru_utime + used.ru_stime
    said = re.search(r"\d+ of \d+ segments.*", log.read_text())
    assert said
    print(f"| {name} | {wall:.1f} | {cpu:.1f} | {used.ru_maxrss / 1024:.0f} | {said[0]} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=200, help="of each of sixty directions")
    lines = parser.parse_args().lines
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        subprocess.run([sys.executable, "-W", "ignore", "-c", MAKE], cwd=folder, env=environment, check=True)

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
