"""Generates config/README.md and config/schema.json from the config's models.

Run ``python -m workflow_scripts.config.reference``; a test fails when the files have drifted.
"""

import json
import re
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.kinds import BY_KEY, KINDS

CONFIG_FOLDER = Path(__file__).resolve().parents[2] / "config"

HEADER = """# Config reference

Generated from `workflow_scripts/config` by `python -m workflow_scripts.config.reference`; don't edit.

A config is one YAML file. `config.yaml` is the demo, `experiments/` has more. Unknown keys are errors. Every
key but `experiment`, `languages` and `data.source` has a default. A language code is two or three small
letters, with a script or a region where needed (`sr_Latn`, `pt_BR`, `es_419`; with a hyphen, `pt-BR`, it is
read as this, and that is said); quote `"no"`, which YAML reads as false.

"""

OF_KIND = """# With the key `{key}`

The experiment is of another kind: its sections are {sections}.

"""


def schema() -> str:
    """Return the JSON schema of a config."""
    kinds: TypeAdapter[Any] = TypeAdapter(Union[KINDS])  # type: ignore[arg-type]  # noqa: UP007
    return json.dumps(kinds.json_schema(), indent=2) + "\n"


def reference() -> str:
    """Return the reference of all keys in Markdown."""
    sections = [HEADER, *_section("", Experiment)]
    for key, kind in BY_KEY.items():
        sections += [OF_KIND.format(key=key, sections=", ".join(f"`{one}`" for one in kind.sections))]
        field = kind.model_fields[key]
        for name, inner in dict.fromkeys(_nested(key, field.annotation)):
            sections += _section(name, inner)
    return re.sub(r"\n{3,}", "\n\n", "".join(sections))


def _section(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    title = f"`{prefix}`" if prefix else "Top level"
    yield f"## {title}\n\n{cleandoc(model.__doc__ or '')}\n\n"
    yield "| key | type | default | meaning |\n|---|---|---|---|\n"
    nested: list[tuple[str, type[BaseModel]]] = []
    for key, field in model.model_fields.items():
        name = f"{prefix}.{key}" if prefix else key
        cells = [f"`{key}`", _escape(type_name(field.annotation)), _default(field), field.description or ""]
        yield f"| {' | '.join(cells)} |\n"
        if key != "type":
            nested += list(_nested(name, field.annotation))
    yield "\n"
    for name, inner in dict.fromkeys(nested):
        yield from _section(name, inner)


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _nested(name: str, annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        tag, named = annotation.model_fields.get("type"), getattr(annotation, "kind", "")
        kind = f" (type: {get_args(tag.annotation)[0]})" if tag is not None else f" {named}".rstrip()
        yield f"{name}{kind}", annotation
    elif get_origin(annotation) is dict:
        yield from _nested(f"{name}.NAME", get_args(annotation)[1])
    elif get_origin(annotation) is not None:
        for argument in get_args(annotation):
            yield from _nested(name, argument)


def type_name(annotation: Any) -> str:
    """Return a type as a reader of YAML would call it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return "null"
    if origin is Literal:
        return " | ".join(str(argument) for argument in arguments)
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(type_name(argument) for argument in arguments))
    if origin is list:
        return f"list of {type_name(arguments[0])}"
    if origin is tuple:
        return f"list of {len(arguments)} {type_name(arguments[0])}"
    if origin is dict:
        return f"mapping of {type_name(arguments[0])} to {type_name(arguments[1])}"
    if origin is not None and hasattr(annotation, "__metadata__"):
        return type_name(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return {"str": "string", "int": "integer", "float": "number", "bool": "true | false"}.get(
        getattr(annotation, "__name__", ""), str(annotation)
    )


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, dict) and any(isinstance(v, BaseModel) for v in value.values()):
        value = {k: v.model_dump(exclude_unset=True) for k, v in value.items()}
    return f"`{json.dumps(value)}`"


def main(argv: list[str] | None = None) -> None:
    """Write both files."""
    (CONFIG_FOLDER / "README.md").write_text(reference(), encoding="utf-8")
    (CONFIG_FOLDER / "schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
