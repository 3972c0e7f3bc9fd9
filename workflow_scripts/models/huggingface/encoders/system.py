"""A system folder of an encoder: its network with a head for each task. Tasks are in the place of
directions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.models.huggingface.encoders.folder import TASKS, WEIGHTS, save_encoder
from workflow_scripts.models.huggingface.encoders.port import LONGEST, EncoderPort, open_encoder
from workflow_scripts.models.huggingface.encoders.tasks import TaskSpec
from workflow_scripts.models.huggingface.model_files import FILES
from workflow_scripts.models.huggingface.system import check_other
from workflow_scripts.units.system import SystemFolder


def make_system(
    folder: Path,
    out: Path,
    *,
    system: str,
    tasks: Sequence[TaskSpec],
    longest: int | None = None,
    seed: int = 1,
) -> SystemFolder:
    """Write a system of an encoder's ``folder`` (as the library or a hub has it) to ``out``, and return it.

    ``tasks``: those that it has a head for; heads that the folder lacks are drawn by the ``seed``.
    ``longest``: positions of an example, by default all that the model has. UserError as ``open_encoder``,
    and where ``out`` is ``folder``.
    """
    check_other(folder, out)
    port = open_encoder(folder, tasks, longest=longest, seed=seed)
    return write_system(port, folder, out, system=system, seed=seed)


def write_system(
    port: EncoderPort,
    base: Path,
    out: Path,
    *,
    system: str,
    seed: int,
    parent: Mapping[str, str] | None = None,
    training: Mapping[str, Any] | None = None,
) -> SystemFolder:
    """Write a port's network, with the configuration and the tokenizer of ``base``, as a system."""
    specs = [*port.tasks.values()]
    save_encoder(port.model, port.family, specs, base, out)
    files = {"weights": WEIGHTS, TASKS: TASKS}
    return SystemFolder.write(
        out,
        system=system,
        seed=seed,
        languages=[],
        mask_rows={one.name: None for one in specs},
        architecture=architecture_of(port),
        text={LONGEST: port.text.longest},
        parent=parent,
        training=training,
        port=port.name,
        files=files | {name: name for name in FILES if (out / name).is_file()},
    )


def architecture_of(port: EncoderPort) -> dict[str, Any]:
    """Return the ``architecture`` block of an encoder: its family, sizes, what its neurons compute."""
    groups = {group.kind: group for group in port.space(("ffn", "head", "resid")).groups}
    return {
        "family": port.family.name,
        "encoder_layers": groups["ffn"].layer + 1,
        "decoder_layers": 0,
        "model_dim": groups["resid"].size,
        "ffn_dim": groups["ffn"].size,
        "heads": groups["head"].size,
        "activation": port.activation.function,
        "gated": port.activation.gated,
    }
