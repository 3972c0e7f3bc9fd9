"""What a result file says, as hashes: without times, costs and code, so that equal work gives equal ones."""

import csv
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

#: Keys of JSON that tell what a run cost or which code made it, at any depth.
LEFT_OUT = {"seconds", "gpu_hours", "peak_memory_mb", "attempts", "code", "written"}
#: Folders and files of an experiment that hold no result: how a run went, checkpoints, pictures and
#: the page that holds some.
NO_RESULTS = {"logs", "benchmarks", "training", "figures", "report", "manifest.json"}
#: The table of seconds and memory.
COSTS = "costs"
#: Where two figures agree in so many digits, they differ in their last ones only.
DIGITS = 9

Digest = dict[str, str]


def digests(results: Path) -> dict[str, Digest]:
    """Return file → digest for every result below an experiment's folder; names relative to it."""
    files = sorted(path for path in results.rglob("*") if path.is_file())
    names = [path.relative_to(results) for path in files]
    return {
        name.as_posix(): digest(path)
        for name, path in zip(names, files, strict=True)
        if name.parts[0] not in NO_RESULTS and (name.parts[0], name.stem) != ("tables", COSTS)
    }


def digest(path: Path) -> Digest:
    """Return the SHA-256 of a file's content, and of figures in text (`.json`, `.csv`) with nine digits each.

    Returns:
        ``sha256``: of the content. ``digits``: the same with rounded figures, of such text only.
    """
    content = path.read_bytes()
    if path.suffix == ".json":
        return _both(lambda figure: _json(json.loads(content), figure))
    if path.suffix == ".csv":
        return _both(lambda figure: _csv(content.decode("utf-8"), figure))
    if path.suffix == ".npz":
        return {"sha256": _hash(_archive(content))}
    if path.suffix == ".safetensors":
        return {"sha256": _hash(_tensors(content))}
    return {"sha256": hashlib.sha256(content).hexdigest()}


def _both(form: Callable[[Callable[[float], str]], str]) -> Digest:
    exact, rounded = form(repr), form(lambda figure: f"{figure:.{DIGITS}g}")
    return {"sha256": _hash([exact.encode()]), "digits": _hash([rounded.encode()])}


def _json(value: Any, figure: Callable[[float], str]) -> str:
    return json.dumps(_kept(value, figure), sort_keys=True, ensure_ascii=False)


def _kept(value: Any, figure: Callable[[float], str]) -> Any:
    if isinstance(value, dict):
        return {key: _kept(one, figure) for key, one in value.items() if key not in LEFT_OUT}
    if isinstance(value, list):
        return [_kept(one, figure) for one in value]
    return figure(value) if isinstance(value, float) else value


def _csv(text: str, figure: Callable[[float], str]) -> str:
    return json.dumps([[_cell(cell, figure) for cell in row] for row in csv.reader(io.StringIO(text))])


def _cell(text: str, figure: Callable[[float], str]) -> str:
    try:
        return figure(float(text)) if "." in text or "e" in text else text
    except ValueError:
        return text


def _archive(content: bytes) -> Iterator[bytes]:
    """Yield the arrays of an archive and its manifest; the manifest's JSON is the tail of its array."""
    with zipfile.ZipFile(io.BytesIO(content)) as members:
        for name in sorted(members.namelist()):
            member = members.read(name)
            if name == "manifest.npy":
                member = _json(json.loads(member[member.index(b"{", 10 + _header(member)) :]), repr).encode()
            yield name.encode()
            yield member


def _header(member: bytes) -> int:
    """Return the length of an array's header, which holds a brace too (numpy's format, versions 1 to 3)."""
    return int(struct.unpack("<H" if member[6] == 1 else "<I", member[8 : 10 if member[6] == 1 else 12])[0])


def _tensors(content: bytes) -> Iterator[bytes]:
    """Yield the name, form and bytes of each tensor: where they lie in the file does not matter."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    for name in sorted(header):
        begin, end = header[name]["data_offsets"]
        yield json.dumps([name, header[name]["dtype"], header[name]["shape"]]).encode()
        yield content[8 + length + begin : 8 + length + end]


def _hash(parts: Any) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little") + part)
    return whole.hexdigest()
