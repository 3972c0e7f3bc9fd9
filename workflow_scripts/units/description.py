"""``system.json``, which describes a system. It may come from elsewhere: it is checked before it is used."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.units.adapters import KINDS as ADAPTER_KINDS
from workflow_scripts.units.space import STACKS

DESCRIPTION = "system.json"
FORMAT = "neuronspec-system-1"
#: Role → the name of its file, in the port that reads binarised text. Only the masks may be missing there.
STANDARD_FILES: Mapping[str, str] = {
    "weights": "model.safetensors",
    "subwords": "spm.model",
    "dictionary": "dict.txt",
    "masks": "masks.npz",
}
#: Roles of files that no text is read by; the settings of a model also say which version wrote them.
NOT_OF_TEXT = ("weights", "masks", "config.json", "generation_config.json")
#: What a description without the key ``port`` is of. Others have files of other kinds beside their weights.
DEFAULT_PORT = "fairseq"
HUGGING_FACE = "huggingface"
#: Port → the environment that has its library: rules that open a model run in it.
PORTS: Mapping[str, str] = {DEFAULT_PORT: "fairseq", HUGGING_FACE: "hf"}
#: Sizes that every architecture has; the others are needed where units of their kind are masked. Two of them
#: each stack may have of its own.
LAYERS = ("encoder_layers", "decoder_layers")
SHAPE = (*LAYERS, "ffn_dim")
MORE_SHAPE = ("heads", "model_dim")
BY_STACK = {name: (f"encoder_{name}", f"decoder_{name}") for name in ("ffn_dim", "heads")}
_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "system": (str, "text"),
    "seed": (int, "a whole number"),
    "languages": (list, "a list"),
    "directions": (dict, "an object"),
    "architecture": (dict, "an object"),
    "text": (dict, "an object"),
    "files": (dict, "an object"),
    "sha256": (dict, "an object"),
    "parent": ((dict, type(None)), "an object or null"),
    "training": ((dict, type(None)), "an object or null"),
}


def read_description(folder: Path) -> dict[str, Any]:
    """Return the description of the system in ``folder``; UserError if there is none, or one of another
    format, DamagedFileError if it holds what it must not."""
    path = folder / DESCRIPTION
    if not path.is_file():
        raise UserError(f"{folder}: no system here ({DESCRIPTION} is missing)")
    value = read_json(path)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, dict) else value
        raise UserError(f"{path}: format is {shown(found)}, expected {FORMAT!r}; export it again")
    for problem in description_problems(value):
        raise DamagedFileError(f"{path}: {problem}; export the system again")
    return value


def description_problems(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a description; later checks rely on earlier ones."""
    for key, (kind, name) in _KINDS.items():
        if key not in value:
            yield f"{key} is missing"
        elif not isinstance(value[key], kind) or isinstance(value[key], bool):
            yield f"{key} is {shown(value[key])}, not {name}"
    for language in value["languages"]:
        if not isinstance(language, str):
            yield f"languages holds {shown(language)}, which is not a language code"
    # A language model has no encoder layers, and languages in the place of directions; an encoder has no
    # decoder layers, and tasks in their place.
    without = next((key for key in LAYERS if value["architecture"].get(key) == 0), None)
    if value.get("port", DEFAULT_PORT) == DEFAULT_PORT:
        without = None
    alone = without == LAYERS[0]
    for direction, entry in value["directions"].items():
        try:
            if without is None:
                direction_languages(direction, value["languages"])
            elif alone and direction not in value["languages"]:
                yield f"directions: {direction!r} is not one of {', '.join(value['languages'])}"
        except UserError as error:
            yield f"directions: {error}"
        row = entry.get("mask_row", 0) if isinstance(entry, dict) else 0
        if not isinstance(row, str | None):
            yield f"directions.{direction} is {shown(entry)}, not an object with mask_row"
        for key in ("weights", "adapter_row"):
            if not isinstance(entry.get(key), str | None):
                yield f"directions.{direction}.{key} is {shown(entry[key])}, not text"
    for key in _sizes(value["architecture"]):
        size = value["architecture"].get(key)
        least = 0 if key == without else 1
        if not isinstance(size, int) or isinstance(size, bool) or size < least:
            yield f"architecture.{key} is {shown(size)}, not a positive whole number"
    if not isinstance(value.get("port", ""), str):
        yield f"port is {shown(value['port'])}, not text"
    adapters = value.get("adapters")
    yield from _adapter_problems(adapters, value["directions"])
    own = {f"directions.{name}.weights": entry.get("weights") for name, entry in value["directions"].items()}
    files = {f"files.{role}": name for role, name in value["files"].items()}
    if adapters is not None:
        files["adapters.file"] = adapters["file"]
    roles = [*STANDARD_FILES]
    needed = roles[:-1] if value.get("port", DEFAULT_PORT) == DEFAULT_PORT else roles[:1]
    yield from _file_problems({**files, **own}, value["sha256"], needed)
    if value["parent"] is not None and not isinstance(value["parent"].get("weights_sha256"), str):
        yield "parent.weights_sha256 is missing"


def _sizes(architecture: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of sizes that are needed, and those that are there."""
    for key in (*SHAPE, *MORE_SHAPE):
        own = [one for one in BY_STACK.get(key, ()) if one in architecture]
        yield from own
        if len(own) < len(STACKS) and (key in SHAPE or key in architecture):
            yield key


def _adapter_problems(adapters: Any, directions: Mapping[str, Any]) -> Iterator[str]:
    if adapters is not None and (not isinstance(adapters, dict) or set(adapters) != {"file", "kind", "size"}):
        yield f"adapters is {shown(adapters)}, not an object with file, kind and size"
    if adapters is not None and adapters["kind"] not in ADAPTER_KINDS:
        yield f"adapters.kind is {shown(adapters['kind'])}, not one of {', '.join(ADAPTER_KINDS)}"
    size = 1 if adapters is None else adapters["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        yield f"adapters.size is {shown(size)}, not a positive whole number"
    for direction, entry in directions.items():
        if adapters is None and (row := entry.get("adapter_row")) is not None:
            yield f"directions.{direction}.adapter_row is {shown(row)}, but adapters is missing"


def _file_problems(
    files: Mapping[str, Any], sha256: Mapping[str, Any], needed: Iterable[str]
) -> Iterator[str]:
    for key, name in files.items():
        if name is None:
            continue
        # A file of the folder itself: a description may come from elsewhere, and must not lead out of it.
        if not isinstance(name, str) or not name or "/" in name or "\0" in name or name in (".", ".."):
            yield f"{key} is {shown(name)}, not the name of a file in this folder"
        elif not isinstance(sha256.get(name), str):
            yield f"sha256 lacks {name!r}"
    for name in sha256:
        if name not in files.values():
            yield f"sha256 names {shown(name)}, which files does not"
    for role in needed:
        if files.get(f"files.{role}") is None:
            yield f"files.{role} is missing"


def shown(value: Any) -> str:
    """Return a value as a message has it: at most sixty characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
