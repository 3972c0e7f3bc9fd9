"""What a system costs: parameters and bytes that it needs to translate, what was trained, how long it took.

Paper: its efficiency table (time to extract the sub-network, extra memory).
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.common.checked_options import is_list_of_texts, json_object
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.report.read.read_files import content_of
from workflow_scripts.units.description import STANDARD_FILES
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ATTENTIONS, UnitGroup
from workflow_scripts.units.system import SystemFolder

NOTHING, ADAPTERS, FFN, HEADS, EVERYTHING = "nothing", "adapters", "ffn", "heads", "all"
TRAINED = (NOTHING, ADAPTERS, FFN, HEADS, EVERYTHING)
# In fairseq's names of tensors: of FFNs; of heads query, key and value, and what a method adds to these.
OF_FFN = (".fc1.", ".fc2.")
OF_HEADS = tuple(f"attn.{part}_proj.{kind}" for part in "qkv" for kind in ("weight", "bias"))
OUTPUTS = "attn.out_proj.weight"
EXAMPLE = {"ns-k95": {"trained": EVERYTHING, "engine": "ctranslate2", "extraction": ["select_masks"]}}


@dataclass(frozen=True)
class Way:
    """How a system came to be: what of it was trained, and what decodes it; below ``benchmarks/`` the files
    of the jobs that made its masks, and the folders whose own files are of such jobs, all of them or those
    that it names: ``count_activations/baseline/s{seed}:en into_en``."""

    trained: str
    engine: str
    extraction: list[str]


def read_ways(text: str, systems: Sequence[str]) -> dict[str, Way]:
    """Parse ``--costs``: how each system came to be. Raises UserError: not of that shape, or a system is not
    there or not one of these."""
    found = json_object("costs", text, EXAMPLE, lambda value: all(map(_is_way, value.values())))
    for system in found:
        if system not in systems:
            raise UserError(f"--costs: no system {system!r}{nearest(system, systems)}")
    if absent := [system for system in systems if system not in found]:
        raise UserError(f"--costs: {absent[0]} is missing")
    return {system: Way(**way) for system, way in found.items()}


def _is_way(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != EXAMPLE["ns-k95"].keys():
        return False
    of_text = isinstance(value["engine"], str) and is_list_of_texts(value["extraction"])
    return of_text and value["trained"] in TRAINED


def costs_of(
    folder: Path, benchmarks: Path, seed: int, way: Way, decoded: Sequence[str] = ()
) -> dict[str, float | None]:
    """Return the figures of a system's folder; None where a figure is not known. ``decoded``: test sets and
    directions, as ``test.de-en``.

    ``bytes`` and ``parameters`` are of all files with weights, masks and adapters that its directions need,
    each once; ``mask_bits``: rows times units; ``trained_parameters``: those that may move.
    Raises UserError: there is no system, or a file is damaged.
    """
    system = SystemFolder.read(folder)
    own = [system.own_weights.get(direction, system.files["weights"]) for direction in system.directions]
    weights = {(folder / str(name)).resolve() for name in own}
    adapters = [folder / system.adapters["file"]] if system.adapters else []
    masks = [system.masks] if system.masks else []
    sizes = [_sizes(path) for path in weights]
    of_adapters = sum(sum(_sizes(path).values()) for path in adapters)
    every = sum(sum(one.values()) for one in sizes)
    training = system.training or {}
    method = training.get("method", {})
    parts = {FFN: OF_FFN, HEADS: _of_heads(method), EVERYTHING: ("",)}.get(way.trained, ())
    moving = [{name: size for name, size in one.items() if any(p in name for p in parts)} for one in sizes]
    held = _held(system, method, moving[0])
    trained = of_adapters if way.trained == ADAPTERS else sum(sum(one.values()) for one in moving)
    place = Path(system.system) / f"s{seed}"
    return {
        "parameters": every + of_adapters,
        "mask_bits": sum(_bits(path) for path in masks),
        "mask_bytes": sum(path.stat().st_size for path in masks),
        "bytes": sum(path.stat().st_size for path in (*weights, *adapters, *masks)),
        "trained_parameters": None if held is None else trained - held,
        "updates": training.get("updates"),
        "training_seconds": training.get("seconds"),
        "peak_memory_mb": training.get("peak_memory_mb"),
        "extraction_seconds": _seconds(benchmarks, [one.format(seed=seed) for one in way.extraction]),
        "decode_seconds": _seconds(benchmarks, [f"decode/{place}/{one}.tsv" for one in decoded]),
    }


def _sizes(path: Path) -> Mapping[str, int]:
    """Return the number of elements of each tensor of a safetensors file, from its header."""
    with content_of(path, "a file of weights"), path.open("rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(8))
        header = json.loads(handle.read(length))
        shapes = {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
        return {name: _product(shape) for name, shape in shapes.items()}


def _of_heads(method: Mapping[str, Any]) -> tuple[str, ...]:
    return (*OF_HEADS, OUTPUTS) if method.get("head_weights") == "qkvo" else OF_HEADS


def _held(system: SystemFolder, method: Mapping[str, Any], sizes: Mapping[str, int]) -> int | None:
    """Return how many of the weights of trained tensors (``sizes``) the training left as they were: those of
    units that no direction keeps, where masks are laid on gradients or units have momentum of their own.
    None: not known."""
    # Masks that are made again may keep a unit later.
    if not (method.get("train") == "gradients" or method.get("momentum") == "own") or "renew" in method:
        return 0
    # Trained by masked gradients, a system translates without masks; they lie beside it where it was made.
    path = system.folder / STANDARD_FILES["masks"]
    if not path.is_file():
        return None
    masks = MaskTable.read(path)
    kept = np.any([masks.row(one) for one in system.directions if one in masks.rows], axis=0)
    return sum(
        sizes.get(name, 0) // group.size * int((~kept[span]).sum())
        for group, span in zip(masks.space.groups, masks.space.slices().values(), strict=True)
        for name in _own_tensors(group, method)
    )


def _own_tensors(group: UnitGroup, method: Mapping[str, Any]) -> list[str]:
    """Return the tensors of which each unit of a group has an equal share of its own."""
    layer = f"{group.stack}.layers.{group.layer}"
    if group.kind == "ffn":
        return [f"{layer}.fc1.weight"]
    attention = ATTENTIONS[group.key.rpartition(".")[2]].removesuffix("attn")
    return [f"{layer}.{attention}{part}" for part in _of_heads(method)]


def _product(shape: Sequence[int]) -> int:
    size = 1
    for one in shape:
        size *= one
    return size


def _bits(path: Path) -> int:
    table = MaskTable.read(path)
    return len(table.rows) * table.space.size


def _seconds(benchmarks: Path, places: Sequence[str]) -> float | None:
    """Return the sum of what Snakemake measured of these jobs; None where one of them was not measured."""
    total = 0.0
    for place in places:
        name, colon, names = place.partition(":")
        path = benchmarks / name
        files = sorted(path.glob("*.tsv")) if path.is_dir() else [path]
        if colon:
            files = [path / f"{one}.tsv" for one in names.split()]
        if not files or not all(file.is_file() for file in files):
            return None
        for file in files:
            rows = file.read_text(encoding="utf-8").splitlines()
            with content_of(file, "a benchmark"):
                total += float(rows[1].split("\t")[rows[0].split("\t").index("s")])
    return total if places else None
