"""Reading a config: YAML files in, an Experiment out, or every mistake at once, with file, line and key."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.language_codes import canonical, tidy
from workflow_scripts.config.attach import Attach
from workflow_scripts.config.attach_model import AttachedModel
from workflow_scripts.config.base import PATTERNS, Reading, short
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import UNION_TAGS
from workflow_scripts.config.kinds import KINDS, kind_of
from workflow_scripts.config.yaml_file import mistakes_of_writing, read_yaml

__all__ = ["load_experiment", "load_file", "read_yaml"]

Location = tuple[int | str, ...]


def load_experiment(
    config: Mapping[str, Any], files: Sequence[str | Path] = (), tell: Callable[[str], None] | None = None
) -> Experiment:
    """Check a merged config and return it typed; raises UserError with a line for each mistake.

    ``files``: the YAML files that it was merged from, later ones winning. ``tell``: gets a line on codes that
    are read otherwise than they are written.
    """
    written = [line for file in files for line in mistakes_of_writing(file)]
    try:
        reading = _reading(config)
        experiment = kind_of(config).model_validate(dict(config), context=reading)
    except ValidationError as error:
        found = [details for details in error.errors() if not _beside_the_point(details)]
        lines = [line for details in found for line in _explain(details, files)]
        lines += [line for details in _beyond(config, found) for line in _explain(details, files)]
        raise UserError("\n".join(dict.fromkeys([*written, *lines]))) from None
    if written:
        raise UserError("\n".join(written))
    if tell and reading.read_as:
        changed = ", ".join(f"{given} is {read}" for given, read in reading.read_as.items())
        tell(f"note: in ids and names of files the config's {changed}")
    return experiment


def load_file(path: str | Path) -> Experiment:
    """Read and check one config file."""
    return load_experiment(read_yaml(path), [path])


def _reading(config: Mapping[str, Any]) -> Reading:
    """Return what the validation needs to know: the languages, if they are a list."""
    listed = config.get("languages")
    return Reading(
        [canonical(one) for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    )


def _beside_the_point(details: ErrorDetails) -> bool:
    """Tell whether a mistake is of a union's other member: that a word is not a list, a list not a word."""
    tag = str(details["loc"][-1]) if details["loc"] else ""
    is_list = isinstance(details["input"], list)
    return (tag.startswith("list[") and not is_list) or (tag.startswith("literal[") and is_list)


def _beyond(config: Mapping[str, Any], found: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Return the mistakes between sections, which pydantic looks for only where each section is right.

    Wrong keys are left out for this second look. What it says of these, or of keys that they were meant for,
    is not reported: it may be about a default.
    """
    rest, suspects = copy.deepcopy(dict(config)), []
    for details in found:
        loc = [part for part in details["loc"] if not _is_union_tag(part)]
        suspects.append(_key_of(tuple(part for part in loc if not isinstance(part, int))))
        if details["type"] == "extra_forbidden":
            suspects += _nearest_keys(tuple(details["loc"]))
        left_out = _leave_out(rest, loc)
        # Without its baseline the rest is another experiment, which would lack other things.
        if left_out == ("attach",):
            return []
        suspects.append(_key_of(left_out))
        # Other sections name it, and it is there, if not right.
        if kind := _NAMED.get(left_out[:-1]):
            suspects.append(f"no {kind} {left_out[-1]!r}")
    try:
        kind_of(config).model_validate(rest, context=_reading(rest))
    except ValidationError as error:
        between = [details for details in error.errors() if not details["loc"]]
    else:
        return []
    for details in between:
        kept = [x for x in details["msg"].split("\n") if not any(key and key in x for key in suspects)]
        details["msg"] = "\n".join(kept)
    return [details for details in between if details["msg"]]


#: What is named by others, by the section that has it.
_NAMED: dict[Location, str] = {("masks", "sets"): "mask set", ("systems",): "system", ("texts",): "text"}


def _leave_out(config: Any, loc: Sequence[int | str]) -> Location:
    """Delete what is at ``loc``; an item of a list takes the whole list with it. Return what was deleted."""
    for depth, part in enumerate(loc, start=1):
        if not isinstance(config, dict) or part not in config:
            break
        if depth == len(loc) or isinstance(config[part], list):
            del config[part]
            return tuple(loc[:depth])
        config = config[part]
    return ()


#: pydantic's kinds of mistakes, for a person who writes YAML.
_IN_WORDS = {
    "model_attributes_type": "keys with values are needed",
    "dict_type": "keys with values are needed",
    "string_type": "text is needed, in quotes where YAML reads something else",
    "int_type": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed",
    "float_parsing": "a number is needed",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
}


QUOTES = "'\""


def _in_words(details: ErrorDetails) -> str:
    kind, loc, value, facts = details["type"], details["loc"], details["input"], details.get("ctx", {})
    message = str(details["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return message
    if kind == "extra_forbidden":
        return f"unknown key {short(str(loc[-1]))}{_nearest_key(loc)}"
    if kind == "missing":
        return "this key is missing"
    if kind == "string_pattern_mismatch":
        others = (other for other in (tidy(str(value)), str(value).lower()) if other != value)
        right = next((other for other in others if re.fullmatch(facts["pattern"], other)), None)
        hint = f" (did you mean {right!r}?)" if right else ""
        return f"{short(value)}: {PATTERNS[facts['pattern']]}{hint}"
    if kind == "union_tag_not_found":
        return "the key type is missing, which says what kind of source it is"
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(facts["expected" if kind == "literal_error" else "expected_tags"])
        given = facts.get("tag", value)
        hint = nearest(str(given), re.findall(r"'([^']*)'", expected))
        return f"{short(given)} is not one of {expected.replace(' or ', ', ')}{hint}"
    if kind == "too_short":
        return f"at least {facts['min_length']} needed, not {short(value)}"
    if kind == "model_type":
        return f"keys with values are needed, not {short(value)}{_keys_below(loc)}"
    if kind == "list_type":
        example = value if isinstance(value, str | int | float) else "a, b"
        return f"a list is needed, such as [{short(example).strip(QUOTES)}], not {short(value)}"
    message = _IN_WORDS.get(kind) or message.replace("Input should be", "must be").replace("String", "this")
    return f"{message}, not {short(value)}"


def _explain(details: ErrorDetails, files: Sequence[str | Path]) -> Iterator[str]:
    loc = tuple(details["loc"])
    parts = _parts_of(loc)
    for line in _in_words(details).split("\n"):
        key, text = ".".join(parts), line
        if not loc and ": " in line:
            key, text = line.split(": ", 1)
            parts = key.split(".")
        yield f"{_place(parts, files)}{key}: {text}" if key else text


def _parts_of(loc: Location) -> list[str]:
    # pydantic names the members of a union inside the location; a user's keys don't hold them.
    # "[key]" ends the location of a mistake in a key itself.
    return [str(part) for part in loc if not _is_union_tag(part) and part != "[key]"]


def _key_of(loc: Location) -> str:
    return ".".join(_parts_of(loc))


_UNION_TAGS = {
    *UNION_TAGS,
    Attach.kind,
    AttachedModel.kind,
    "toy",
    "files",
    "multi30k",
    "ntrex",
    "mtdata",
    "constrained-str",
}


def _is_union_tag(part: int | str) -> bool:
    return isinstance(part, str) and (part in _UNION_TAGS or part.startswith(("literal[", "list[")))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not None:
        for argument in get_args(annotation):
            yield from _models_in(argument)


def _section_keys(loc: Location) -> list[str]:
    models: list[type[BaseModel]] = [*KINDS]
    for part in loc[:-1]:
        # The type of a source says which of several models is meant.
        models = [m for m in models if part in _names_of(m)] or models
        found = [m.model_fields[str(part)] for m in models if str(part) in m.model_fields]
        if found:
            models = [m for field in found for m in _models_in(field.annotation)]
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def _keys_below(loc: Location) -> str:
    keys = _section_keys((*loc, ""))
    return f"; there are {', '.join(keys)}" if keys else ""


def _names_of(model: type[BaseModel]) -> tuple[Any, ...]:
    """Return what a member of a union is called in the places of mistakes."""
    if "type" in model.model_fields:
        return get_args(model.model_fields["type"].annotation)
    return (getattr(model, "kind", None),)


def _nearest_keys(loc: Location) -> list[str]:
    return get_close_matches(str(loc[-1]), _section_keys(loc), n=1, cutoff=0.5)


def _nearest_key(loc: Location) -> str:
    matches = _nearest_keys(loc)
    return f" (did you mean {matches[0]!r}?)" if matches else f"; there are {', '.join(_section_keys(loc))}"


def _place(parts: Sequence[str], files: Sequence[str | Path]) -> str:
    """Return ``"file, line n: "`` of the deepest of ``parts`` that a file holds; later files win."""
    best: tuple[int, str] = (0, "")
    for file in files:
        try:
            node = yaml.compose(Path(file).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        line, depth = _line_of(node, parts)
        if depth and depth >= best[0]:
            best = depth, f"{file}, line {line}: "
    if not best[0] and files:
        return f"{files[-1]}: "
    return best[1]


def _line_of(node: yaml.Node | None, parts: Sequence[str]) -> tuple[int, int]:
    """Return (line from 1, how many of ``parts`` were found)."""
    line = depth = 0
    for part in parts:
        if isinstance(node, yaml.MappingNode):
            hit = next(((k, v) for k, v in node.value if k.value == part), None)
            if hit is None:
                break
            line, node = hit[0].start_mark.line + 1, hit[1]
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
        else:
            break
        depth += 1
    return line, depth
