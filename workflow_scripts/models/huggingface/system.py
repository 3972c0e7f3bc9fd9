"""A system folder of a model's folder: weights once each in float32, and the files that the library needs."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.folder import described, read_weights, stored
from workflow_scripts.models.huggingface.model_files import FILES
from workflow_scripts.models.huggingface.port import HuggingFacePort, open_port
from workflow_scripts.models.huggingface.tokens import unlike_sources
from workflow_scripts.models.weights import save_tensors
from workflow_scripts.units.description import STANDARD_FILES
from workflow_scripts.units.system import SystemFolder

WEIGHTS = STANDARD_FILES["weights"]


def make_system(
    folder: Path,
    out: Path,
    *,
    system: str,
    languages: Sequence[str],
    directions: Sequence[str],
    tags: Mapping[str, str | None],
    prefixes: Mapping[str, str] | None = None,
    seed: int = 1,
) -> SystemFolder:
    """Write a system of a model's ``folder`` (as the library or a hub has it) to ``out``, and return it.

    ``tags``: language -> its token, or None; ``prefixes``: direction -> text before a source. UserError as
    ``port.open_port``, for a direction between other languages or without its tag, and where ``out`` is
    ``folder``, whose weights would be written over.
    """
    check_other(folder, out)
    tensors = read_weights(folder)
    port = open_port(folder, tags, prefixes, tensors)
    for direction in directions:
        direction_languages(direction, languages)
        port.text.source(direction, [])
        port.text.target(direction, [])
    return SystemFolder.write(
        out,
        system=system,
        seed=seed,
        languages=languages,
        mask_rows=dict.fromkeys(directions),
        architecture={**architecture_of(port), "dtype": number_types(tensors)},
        text={"tags": dict(tags), "prefixes": dict(prefixes or {})},
        port=port.name,
        files=write_files(folder, out, port.model),
        encoder_langtok="tgt" if port.text.unlike_sources else "src",
    )


def encoder_tag(folder: Path, text: Mapping[str, Any]) -> str:
    """Return whose language's tag begins a source, as ``system.json`` has it, by a model's folder and the
    block ``text``."""
    family, tags, prefixes = described(folder)[0], text.get("tags", {}), text.get("prefixes", {})
    return "tgt" if unlike_sources(family, tags, prefixes) else "src"


def check_other(folder: Path, out: Path) -> None:
    """Refuse a model's own folder for its system (UserError): its weights would be written over."""
    if out.resolve() == folder.resolve():
        raise UserError(f"{out}: is the model's own folder; name another one for the system")


def write_files(folder: Path, out: Path, model: nn.Module) -> dict[str, str]:
    """Write a system's weights, and copy what else the library needs of ``folder``; return role → name."""
    out.mkdir(parents=True, exist_ok=True)
    save_tensors(stored(model), out / WEIGHTS)
    files = {"weights": WEIGHTS}
    for name in FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
            files[name] = name
    return files


def architecture_of(port: HuggingFacePort) -> dict[str, Any]:
    """Return the ``architecture`` block of a model: its family, sizes by stack, what its neurons compute."""
    space = port.space(("ffn", "head"))
    sizes = {(group.kind, group.stack): group.size for group in space.groups}
    layers = {one.stack: one.layer + 1 for one in space.groups if one.kind == "ffn"}
    return {
        "family": port.model.config.model_type,
        **{f"{stack}_layers": number for stack, number in layers.items()},
        "model_dim": port.model.config.d_model,
        **{f"{stack}_ffn_dim": sizes["ffn", stack] for stack in layers},
        **{f"{stack}_heads": sizes["head", stack] for stack in layers},
        "activation": port.activation.function,
        "gated": port.activation.gated,
    }


def number_types(tensors: Mapping[str, Tensor]) -> str:
    """Return the types of the numbers in a file of weights."""
    return ", ".join(sorted({str(one.dtype).removeprefix("torch.") for one in tensors.values()}))
