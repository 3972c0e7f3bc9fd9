"""Which directions of a job have one encoder pass: those that read the same text in the same way."""

from collections.abc import Hashable, Mapping

from workflow_scripts.common.files import sha256_of
from workflow_scripts.models.port import Batches, Task
from workflow_scripts.units.system import SystemFolder


def directions_by_pass(
    system: SystemFolder, tasks: Mapping[str, Task], batches: Mapping[str, Batches]
) -> list[list[str]]:
    """Return the directions of each encoder pass, in order.

    Those of one pass have the same language of the source, whose tag the encoder reads, and the same source
    files, kept sentences, weights and adapters. Alone is a direction whose source has the target's tag, or
    text before it that may differ (``encoder_langtok`` is not ``src``), and a language without a source.
    """
    passes: dict[Hashable, list[str]] = {}
    for direction, own in batches.items():
        read: Hashable = direction
        files = tasks[direction].files
        source = files[: len(files) // 2]
        if source and system.encoder_langtok == "src":
            lines = tuple(batch.tobytes() for batch in own.lines)
            laid = system.weights_of(direction), system.adapter_of(direction)
            language = direction.partition("-")[0]
            read = (language, *map(sha256_of, source), lines, laid)
        passes.setdefault(read, []).append(direction)
    return list(passes.values())
