"""Data preparation of the published size: cleaning, binarisation, and grouping of an epoch's examples.

What: `clean` generates pairs (each tenth a repetition) and passes them through `prepare_text` with every
limit on. `binarise` encodes one side of some of them with a subword model trained on them. `group` draws an
epoch of one of the five shards of the published data (36.2 million examples of 60 directions, T = 5), then
groups it by direction, sorts and batches it. Each part runs in a process of its own: peak memory is its own.
Outputs: seconds, processor seconds (on a shared machine the figure to look at), rates, peak memory.
Run, in the fairseq environment: `PYTHONPATH=. python tests/bench/bench_data.py [PART] [--pairs N]`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

WORDS, MEAN_WORDS, SPREAD = 50_000, 19, 0.5  # words of a side: log-normal, as in news text
REPEATED = 10  # each tenth pair stood before
BLOCK, STOCK = 50_000, 100_000  # lines
DIRECTIONS = [1_000_000] * 20 + [200_000] * 18 + [66_800] * 2 + [20_000] * 20  # spec 1.1, one of five shards
LONGEST = 300  # subwords; some exceed the 256 positions
PAIRS = {"clean": 5_000_000, "binarise": 200_000, "group": 0}  # 0: no text


def generate(folder: Path, pairs: int) -> list[Path]:
    """Write `train.xx` and `train.yy`: each pair draws a line for either side from a stock of lines."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnoprstuvzäéø"))
    words = np.array(["".join(rng.choice(letters, size)) for size in rng.integers(2, 11, WORDS)])
    lengths = np.clip(rng.lognormal(np.log(MEAN_WORDS), SPREAD, STOCK), 1, 120).astype(int)
    # Frequent words are frequent, as in text.
    drawn = words[(rng.random(lengths.sum()) ** 3 * WORDS).astype(int)]
    stock = np.array([" ".join(line) for line in np.split(drawn, np.cumsum(lengths)[:-1])], dtype=object)
    files = [folder / "train.xx", folder / "train.yy"]
    with files[0].open("w", encoding="utf-8") as one, files[1].open("w", encoding="utf-8") as two:
        for start in range(0, pairs, BLOCK):
            for handle in (one, two):
                numbers = rng.integers(0, STOCK, min(BLOCK, pairs - start))
                again = numbers[REPEATED - 1 :: REPEATED]
                again[:] = numbers[::REPEATED][: len(again)]
                handle.write("\n".join(stock[numbers]) + "\n")
    return files


def measured(name: str, items: int, function: Callable[[], Any]) -> Any:
    start, processor = time.perf_counter(), time.process_time()
    result = function()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<24}{seconds:>9.1f} s{processor:>9.1f} processor s"
        f"{items / seconds:>13,.0f} /s{items / processor:>13,.0f} /processor s{peak:>8,.0f} MiB peak",
        flush=True,
    )
    return result


def clean(folder: Path, pairs: int) -> None:
    from workflow_scripts.data.cleaning import Limits
    from workflow_scripts.data.prepare_text import prepare_pair

    files = [folder / "train.xx", folder / "train.yy"]
    out = [folder / "clean.xx", folder / "clean.yy"]
    limits = Limits(max_words=100, max_ratio=9.0, dedup=True)
    result = measured("cleaning, pairs", pairs, lambda: prepare_pair(files, out, limits=limits))
    print(json.dumps({"sentences": result.sentences, "dropped": result.dropped}))


def binarise(folder: Path, pairs: int) -> None:
    """Encode one side with a model of 8,000 subwords."""
    from workflow_scripts.data import binarise as stage
    from workflow_scripts.data.readers import read_text_lines
    from workflow_scripts.data.train_subwords import choose_lines, dictionary_text, train_model

    lines = list(read_text_lines(folder / "train.xx"))
    sample = (lines[number] for number in choose_lines(pairs, min(pairs, 20_000), 1))
    (folder / "spm.model").write_bytes(train_model(sample, 8000, "bpe", 1.0))
    (folder / "dict.txt").write_text(dictionary_text(folder / "spm.model"), encoding="utf-8")
    del lines
    arguments = ["--text-file", str(folder / "train.xx"), "--lang", "xx", "--shards", "5"]
    arguments += ["--subwords", str(folder / "spm.model"), "--dictionary", str(folder / "dict.txt")]
    arguments += ["--out-prefix", str(folder / "bin/train.xx"), "--stats", str(folder / "stats.json")]
    measured("binarising, lines", pairs, lambda: stage.main(arguments))


def group(folder: Path, pairs: int) -> None:
    import torch  # noqa: F401  (counted in the memory before)

    from workflow_scripts.models.fairseq.sampling import MultiDirectionDataset
    from workflow_scripts.models.training.grouping import group_by_direction

    class Sizes:
        """What the sampler asks of a direction's data."""

        def __init__(self, number: int, examples: int) -> None:
            rng = np.random.default_rng(number)
            self.name = f"d{number}"
            sources = np.clip(rng.lognormal(3.2, 0.5, examples), 2, LONGEST)
            self.source_sizes = sources.astype(np.int32)
            self.target_sizes = np.clip(sources * rng.lognormal(0, 0.2, examples), 2, LONGEST).astype(
                np.int32
            )

        def __len__(self) -> int:
            return len(self.source_sizes)

    directions: Any = [Sizes(number, examples) for number, examples in enumerate(DIRECTIONS)]
    data = MultiDirectionDataset(directions, 1, 2, temperature=5.0)
    examples = int(data.counts.sum())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{examples:,} examples of {len(data):,} in {len(directions)} directions; {before:,.0f} MiB before")
    mixed = np.repeat(data.offsets[:-1], data.counts).astype(np.int32)
    np.random.default_rng(1).shuffle(mixed)
    measured("grouping by direction", examples, partial(group_by_direction, mixed, data.offsets))
    indices = measured("draw, group and sort", examples, data.ordered_indices)
    indices, _ = measured(
        "leaving out long ones", examples, lambda: data.filter_indices_by_size(indices, 256)
    )
    batches = measured("batches", examples, lambda: data.batch_by_size(indices, max_tokens=7680))
    print(f"{len(batches):,} batches")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*PAIRS, "all"], nargs="?", default="all")
    parser.add_argument("--pairs", type=int, default=0, help="default: 5,000,000; binarise: 200,000")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        {"clean": clean, "binarise": binarise, "group": group}[arguments.part](
            arguments.folder, arguments.pairs
        )
        return
    for part in PAIRS if arguments.part == "all" else [arguments.part]:
        pairs = arguments.pairs or PAIRS[part]
        with tempfile.TemporaryDirectory() as folder:
            if pairs:
                files = generate(Path(folder), pairs)
                print(
                    f"{pairs:,} pairs, {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB", flush=True
                )
            # In a process of its own: making the text has its own peak of memory.
            command = [sys.executable, __file__, part, "--pairs", str(pairs), "--folder", folder]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
