"""A probe of more values than memory holds: seconds, peak memory, and whether the planted units are found.

What: 50,000 tokens of 49,152 units (twelve layers of 4,096) in float16 on disk, 4.9 GB, ten labels, each of
which shifts twenty units; train has four fifths of the tokens. The probe is trained to its optimum for two
pairs of penalties, the second from where the first ended, in a process whose peak memory is its own.
Outputs: seconds and processor seconds of each step, passes, gap, planted units among the first 200, accuracy,
and peak memory; the target is less than 4,096 MiB.
Run, in the fairseq environment: `PYTHONPATH=. python tests/bench/bench_probe.py [--folder DIR]`, DIR with
5 GB free.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

UNITS, LABELS, PLANTED, SHIFT = 49_152, 10, 20, 1.0
PENALTIES = ((1e-2, 1e-3), (5e-3, 1e-3))
#: Rows that are drawn; each block of the file is these with their columns moved along.
DRAWN = 500
TARGET_MIB = 4096


def planted_units() -> np.ndarray:
    """Return the units of each label, [labels, 20]."""
    return np.random.default_rng(0).permutation(UNITS)[: LABELS * PLANTED].reshape(LABELS, PLANTED)


def labels_of(tokens: int) -> np.ndarray:
    """Return the label of each token."""
    return np.random.default_rng(1).integers(0, LABELS, tokens)


def write_values(path: Path, tokens: int) -> None:
    """Write float16 values [tokens, units] block by block."""
    generator = np.random.default_rng(2)
    drawn = generator.standard_normal((DRAWN, UNITS), dtype=np.float32)
    y, place = labels_of(tokens), planted_units()
    values = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(tokens, UNITS))
    for first in range(0, tokens, DRAWN):
        block = np.roll(drawn, int(generator.integers(UNITS)), axis=1)[: tokens - first].copy()
        for label, own in enumerate(place):
            block[np.ix_(y[first : first + DRAWN] == label, own)] += SHIFT
        values[first : first + DRAWN] = block
    values.flush()


def clocks() -> tuple[float, float]:
    """Return the time, and the processor time of this process."""
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> dict[str, float]:
    """Return seconds and processor seconds since then."""
    seconds, processor = (round(now - then, 1) for now, then in zip(clocks(), start, strict=True))
    return {"seconds": seconds, "processor_seconds": processor}


def peak_mib() -> float:
    """Return the peak memory of this process. What ``getrusage`` tells would count that of the process which
    started this one, and wrote the values."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (kib,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(kib) / 1024


def tell(facts: dict[str, object]) -> None:
    """Print a line of JSON."""
    print(json.dumps(facts), flush=True)


def run_one(path: Path, threads: int) -> None:
    """Train the probes and print what they took."""
    from workflow_scripts.analyse.probes.elastic_net import Trainer, accuracy
    from workflow_scripts.analyse.probes.labelled import Labelled, split
    from workflow_scripts.analyse.probes.ranking import rank

    torch.set_num_threads(threads)
    X = np.load(path, mmap_mode="r")
    tokens = len(X)
    labels = [f"label{number}" for number in range(LABELS)]
    data = Labelled(X, labels_of(tokens), np.arange(tokens) // 20, [""] * tokens, labels)
    parts = split(data, 1)
    start = time.perf_counter()
    trainer = Trainer(data, parts.train)
    print(
        json.dumps({"step": "mean and spread", "seconds": round(time.perf_counter() - start, 1)}), flush=True
    )
    probe = None
    for l1, l2 in PENALTIES:
        start = clocks()
        probe = trainer.fit(l1, l2, start=probe)
        took = since(start)
        order = rank(probe.weights, probe.pull).order
        found = np.isin(order[: LABELS * PLANTED], planted_units()).mean()
        reached = accuracy(probe.predict(X, parts.test), data.y[parts.test])
        facts = probe.facts()
        told = {name: facts[name] for name in ("l1", "l2", "converged", "gap", "passes", "units_with_weight")}
        tell({**took, **told, "planted": found, "accuracy": reached})
    peak = peak_mib()
    tell({"peak_mib": round(peak), "below_target": peak < TARGET_MIB})


def main() -> None:
    """Write the values, then train in another process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=50_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--folder", type=Path, help="where 5 GB are free; default the system's temporary folder"
    )
    parser.add_argument("--values", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.values:
        run_one(arguments.values, arguments.threads)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "values.npy"
        start = clocks()
        write_values(path, arguments.tokens)
        tell({"step": "written", **since(start)})
        command = [sys.executable, __file__, "--values", str(path), "--threads", str(arguments.threads)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
