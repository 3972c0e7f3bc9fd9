"""Count how often each FFN neuron fires in several directions from one source language, the encoder once.

Where the target's tag does not reach the encoder, directions with the same source sentences share one encoder
pass. The files are those of ``count_activations``, byte for byte. Counts with pads cannot be shared: there
batches depend on the target.
"""

import argparse
import logging
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from workflow_scripts.activations.count_activations import (
    PUBLISHED_MAX_TOKENS,
    Progress,
    batches_of,
    count_together,
    score_table,
)
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of
from workflow_scripts.models.port import Batches, Task, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.activity import SIGN, parse_rule
from workflow_scripts.units.system import DESCRIPTION, SystemFolder

logger = logging.getLogger(__name__)


def check_sharing(system: SystemFolder, directions: Sequence[str]) -> None:
    """Refuse directions that are not the system's, or cannot share an encoder pass."""
    if system.encoder_langtok != "src":
        if system.text.get("prefixes"):
            raise UserError(
                f"{system.folder / DESCRIPTION}: text.prefixes has text before sources, so that directions"
                " share no encoder counts; count each by itself (count_activations)"
            )
        raise UserError(
            f"{system.folder / DESCRIPTION}: encoder_langtok is {system.encoder_langtok!r}: where the"
            " target's tag is in the source, directions share no encoder counts; only 'src' can be counted"
        )
    for direction in directions:
        system.check_whole(direction)
    sources = list(dict.fromkeys(split_direction(direction)[0] for direction in directions))
    if len(sources) > 1:
        raise UserError(f"--directions: sources {', '.join(sources)}; the encoder is counted for one source")


def sharing_groups(tasks: Mapping[str, Task], batches: Mapping[str, Batches]) -> list[list[str]]:
    """Return the directions in groups whose source files and kept sentences are equal, in order."""
    groups: dict[Hashable, list[str]] = {}
    for direction, own in batches.items():
        files = tasks[direction].files
        lines = tuple(batch.tobytes() for batch in own.lines)
        groups.setdefault((*map(sha256_of, files[: len(files) // 2]), lines), []).append(direction)
    return list(groups.values())


def main(argv: list[str] | None = None) -> None:
    """Count the directions and write a table for each."""
    parser = argparse.ArgumentParser(description="Count activations of directions that share their source.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--data-bin", type=Path, required=True)
    parser.add_argument("--subset", required=True)
    parser.add_argument("--directions", nargs="+", required=True, help="all from one source language")
    parser.add_argument("--max-tokens", type=int, default=PUBLISHED_MAX_TOKENS)
    parser.add_argument("--rule", default=SIGN.text, help="when a neuron is active, as threshold:0.1")
    parser.add_argument("--out-root", type=Path, required=True)
    arguments = parser.parse_args(argv)
    log_to_stderr()

    system = SystemFolder.read(arguments.system)
    check_sharing(system, arguments.directions)
    port = load(system)
    rule = parse_rule(arguments.rule, port.activation)
    tasks = {name: port.task(arguments.data_bin, arguments.subset, name) for name in arguments.directions}
    batches = {name: batches_of(task, port, arguments.max_tokens) for name, task in tasks.items()}
    for group in sharing_groups(tasks, batches):
        logger.info(f"one encoder pass for {' '.join(group)}")
        counted = count_together(
            port, [batches[direction] for direction in group], arguments.max_tokens, Progress(group[0]), rule
        )
        for direction, (counts, tally) in zip(group, counted, strict=True):
            table = score_table(
                system,
                arguments.subset,
                tasks[direction],
                counts,
                tally,
                rule=rule,
                activation=port.activation,
            )
            table.write(arguments.out_root / f"{direction}.npz")


if __name__ == "__main__":
    run_main(main)
