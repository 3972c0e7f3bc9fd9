"""Two threads of decoding: two workers of one each, or one worker of two; as Markdown on stdout.

``run-in fairseq tests.bench.bench_decoding_threads [--sentences N]``, on at least two idle cores. Needs the
shared Multi30k model and NTREX. Each run is a process of its own, the ways in turn; seconds of the search
alone, wall and CPU, medians of three. ``decode`` has as many workers of one thread as threads.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from tests.bench import bench_decoding
from tests.bench.jobs import SHARED, python, run_once

RUNS = 3
#: The random base model of the benchmark `decode_float32_base`: it ends no hypothesis itself.
BASE_SENTENCES, BASE_LENGTH = 60, 30
#: (workers, threads of each).
WAYS = ((1, 1), (2, 1), (1, 2))
SEARCH = """
import json, sys, time
from pathlib import Path
import ctranslate2
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.units.system import SystemFolder

folder, compute_type, longest, workers, threads = sys.argv[1:]
made = ctranslate2.Translator
ctranslate2.Translator = lambda *args, **options: made(
    *args, **{**options, "inter_threads": int(workers), "intra_threads": int(threads)}
)
options = DecodingOptions(compute_type=compute_type, max_length=int(longest))
system = SystemFolder.read(Path(folder) / "system")
engine = CTranslate2Engine(system, "en-de", options)
lines = (Path(folder) / "text.en").read_text(encoding="utf-8").splitlines()
pieces = sorted(map(engine.codec.encode, lines), key=len, reverse=True)
wall, cpu = time.perf_counter(), time.process_time()
found = list(engine.translate(pieces))
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, len(found)]))
"""


def search(folder: Path, compute_type: str, longest: int, way: tuple[int, int]) -> list[float]:
    """Return wall and CPU seconds of one search."""
    command = python("text", "-c", SEARCH, folder, compute_type, longest, *way)
    run_once(command, log=folder / "said", threads=max(way))
    *seconds, _ = json.loads((folder / "said").read_text(encoding="utf-8").splitlines()[-1])
    return list(seconds)


def measure(name: str, folder: Path, longest: int) -> None:
    for compute_type in ("float32", "int8"):
        took: dict[tuple[int, int], list[list[float]]] = {way: [] for way in WAYS}
        for _ in range(RUNS):
            for way in WAYS:
                took[way].append(search(folder, compute_type, longest, way))
        cells = []
        for runs in took.values():
            wall, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
            cells.append(f"{wall:.2f} ({cpu:.2f})")
        print(f"| {name} | {compute_type} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=1000)
    arguments = parser.parse_args()
    if not (SHARED / "models/multi30k").is_dir():
        print("bench_decoding_threads skipped: no shared model of Multi30k", file=sys.stderr)
        return
    print("### Seconds of the search, wall (CPU), by workers × threads of each\n")
    print(f"| model | type | {' | '.join(f'{workers} × {threads}' for workers, threads in WAYS)} |")
    print("|---|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as base:
        model, texts = SHARED / "models/multi30k", SHARED / "data/multi30k"
        bench_decoding.prepare(Path(small), model, texts, arguments.sentences)
        measure(f"Multi30k, {arguments.sentences} sentences", Path(small), bench_decoding.MAX_LENGTH)
        run_once(python("fairseq", "-m", "tests.bench.base_model", base, BASE_SENTENCES))
        measure(f"base, {BASE_SENTENCES} sentences to {BASE_LENGTH} tokens", Path(base), BASE_LENGTH)


if __name__ == "__main__":
    main()
