"""What a job is compared by: one JSON object of named values, from which its command's options are made.

Snakemake keeps the values of params without their names; the object keeps both.
"""

import ast
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: Names of the hashes of a job's code and environment; they are not options of a command.
CODE, ENVIRONMENT = HASHES = ("code", "environment")
#: The name of the order of a job's inputs, where the user chooses it; no option either.
ORDER = "order"
#: How the command of a rule with named settings begins.
_NAMED = re.compile(r"run-in \w+ [\w.]+ \{params\.options\}")


def python_value(form: str) -> Any:
    """Return the value that Snakemake keeps as text; the text itself if it is not a literal."""
    try:
        return ast.literal_eval(form)
    except (ValueError, SyntaxError):
        return form


def json_object(text: Any) -> dict[str, Any] | None:
    """Return the JSON object that a text holds, or None."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def as_json(value: Any) -> str:
    """Return JSON on one line with sorted keys: equal settings give equal texts."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without those that are None, off or empty, so that a new option reruns nothing."""
    return {name: value for name, value in settings.items() if not _is_left_out(value)}


def _is_left_out(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, str | list | tuple) and not value)


def order_of(files: Sequence[str]) -> list[int] | None:
    """Return the place of each file in their alphabetical order; None where they are in it.

    Snakemake compares the inputs of a job as a set: without this, two that change places are no change.
    """
    ordered = sorted(set(files))
    places = [ordered.index(file) for file in files]
    return None if places == sorted(places) else places


def options(settings: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each option with its words; a list of lists repeats it, an object is JSON, True no word."""
    for name, value in settings.items():
        if name in (*HASHES, ORDER):
            continue
        several = isinstance(value, list | tuple) and isinstance(value[0], list | tuple)
        for one in value if several else [value]:
            yield name, _words(one)


def _words(value: Any) -> list[str]:
    if value is True:
        return []
    if isinstance(value, Mapping):
        return [as_json(value)]
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def as_options(settings: Mapping[str, Any]) -> str:
    """Return settings as a command has them: max_length 200 is `--max-length 200`."""
    words = ([f"--{name.replace('_', '-')}", *values] for name, values in options(settings))
    return " ".join(shlex.join(one) for one in words)


def are_named(command: str) -> bool:
    """Tell whether a rule's command has named settings; those of earlier versions have not."""
    return bool(_NAMED.match(command))


def named_settings(params: Sequence[str]) -> dict[str, Any]:
    """Return the settings of a job with named settings, from its params as Snakemake keeps them; none where
    these hold no object."""
    [form] = params
    return json_object(python_value(form)) or {}
