"""How far would masks of other sentences be the same? The overlap (IoU) of masks of two samples of one text.

Each sample is drawn with replacement, and samples are compared with one another. A sample compared with the
whole text, of which it is a part, would overstate what a second text of its size gives. The model runs once
for a direction: counts are kept by sentence, and samples add them up again.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.analyse.sampled_masks import stability
from workflow_scripts.analyse.stability_tables import CSV_COLUMNS, csv_rows, markdown
from workflow_scripts.analyse.stage_options import add_tables, add_text, write_tables
from workflow_scripts.common.checked_options import at_least, named_once
from workflow_scripts.common.errors import run_main
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import UnitGroup
from workflow_scripts.units.system import SystemFolder

MAX_TOKENS = 4096


def count_sentences(port: Port, batches: Batches) -> NDArray[np.uint16]:
    """Return how often each FFN neuron is active, by ``sign``, in each sentence: [sentences, units] in the
    order of the text.

    Sentences that are too long for the model are left out. Memory: two bytes a sentence and unit.
    """
    space = port.space()
    lines = np.sort(np.concatenate(batches.lines))
    counts = np.zeros((len(lines), space.size), dtype=np.uint16)
    rows = np.zeros(0, dtype=np.int64)

    def tap(group: UnitGroup, values: Tensor, real: Tensor) -> None:
        fires = (values.squeeze(-1) > 0) & real[..., None]
        counts[rows, space.slice_of(group.key)] = fires.sum(dim=0).cpu().numpy()

    def passes() -> Iterator[Sequence[Any]]:
        nonlocal rows
        for batch in batches:
            rows = np.searchsorted(lines, batch.lines.numpy())
            yield [batch]

    with port.taps(space, tap, gate=True):
        for _ in port.run(passes(), lambda direction: None):
            pass
    return counts


def main(argv: list[str] | None = None) -> None:
    """Count by sentence, draw samples, and write their overlap."""
    parser = argparse.ArgumentParser(description="Overlap of masks of two samples of sentences.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    add_text(parser)
    parser.add_argument("--select", required=True, help="as of select_masks, with --stacks and --pivot")
    parser.add_argument("--stacks", nargs="+")
    parser.add_argument("--pivot")
    parser.add_argument("--sentences", nargs="*", type=int, default=[], help="sizes of samples")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the draws")
    add_tables(parser)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("sentences", min(arguments.sentences, default=None), 1)
    named_once("sentences", arguments.sentences)
    selection = Selection.parse(arguments.select, arguments.stacks, arguments.pivot)
    system = SystemFolder.read(arguments.system)
    port = load(system)

    def counted() -> Iterator[tuple[str, NDArray[np.uint16]]]:
        for direction in arguments.directions:
            system.check_whole(direction)
            task = port.task(arguments.data_bin, arguments.subset, direction)
            with torch.inference_mode():
                counts = count_sentences(port, port.batches(task, MAX_TOKENS, by_source=True))
            # Outside: a generator that waits in this mode leaves its caller in it.
            yield direction, counts

    sizes, draws = sorted(arguments.sentences), arguments.draws
    result = {
        "format": "neuronspec-stability-1",
        "system": system.system,
        "subset": arguments.subset,
        "seed": arguments.seed,
        "draws": draws,
        "pairs": draws * (draws - 1) // 2,
        "interval": "95 %, jackknife over draws, Student's t",
        "masks": {**selection.facts(), "weights_sha256": system.weights_sha256},
        **stability(counted(), selection, port.space(), sizes, draws, arguments.seed),
    }
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))


if __name__ == "__main__":
    run_main(main)
