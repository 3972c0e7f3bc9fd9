"""The page of ``import neuronspec``: each public name, its arguments, result and errors, from docstrings."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import workflow_scripts.api as neuronspec

PAGE = "docs/reference/python.md"
HEAD = """# `import neuronspec`

Generated from docstrings by `python -m workflow_scripts.site.reference`; don't edit. [A model in ten
lines](../how-to/notebook.md) and [in Python](../how-to/python.md) show how the parts go together.

"""
#: Groups of the page; a test compares them with what is public.
GROUPS: dict[str, tuple[str, ...]] = {
    "Models": ("attach", "load", "Model"),
    "Counts and scores of units": ("count_activations", "read_counts", "above_others", "ScoreTable"),
    "Masks": (
        *("select", "without", "parse_selector", "keep_all", "mass", "mass_masks", "all_masks", "mask_rows"),
        *("random_masks", "random_like", "Groups", "MaskTable"),
    ),
    "Comparison": ("iou_matrix", "mask_overlap", "lape_sets"),
    "Units": ("UnitSpace", "UnitGroup", "ffn_space", "model_space"),
    "Systems, scores of translations, errors": ("SystemFolder", "score_text", "UserError"),
}
#: Classes whose objects are returned by functions, not made by users.
RETURNED = ("Model", "SystemFolder")
#: A package before a type's name.
PACKAGE = re.compile(r"('[^']*')|\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])")
#: What numpy's NDArray[float64] is in full.
ARRAY = re.compile(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]")
#: Where an argument or an error begins; other lines go on with the one above.
ENTRY = re.compile(r"\n(?=[a-z_*]\w*(?:, \w+)*: |[A-Z]\w*Error: )")
SECTION = re.compile(r"^(Args|Returns|Raises|Yields|Attributes):$", re.M)
#: What is in front of each section of a docstring on the page.
WORDS = {
    "Args": "Arguments",
    "Attributes": "Has",
    "Returns": "Returns",
    "Raises": "Errors",
    "Yields": "Gives",
}


def signature_of(thing: Callable[..., Any]) -> str:
    """Return a function's arguments and result, types without their packages."""
    text = PACKAGE.sub(r"\1", re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(thing))))
    text = re.sub(r"^\((?:self|cls)(?:, )?", "(", ARRAY.sub(r"NDArray[\1]", text))
    return text.removesuffix(" -> None")


def described(doc: str) -> Iterator[str]:
    """Yield a docstring as Markdown: text, then its arguments and errors as lists."""
    first, *rest = SECTION.split(inspect.cleandoc(doc))
    yield first.strip().replace("``", "`")
    for name, body in zip(rest[::2], rest[1::2], strict=True):
        entries = ENTRY.split(inspect.cleandoc(body.strip("\n")))
        yield f"{WORDS[name]}:"
        yield "\n".join(f"- {_entry(' '.join(one.split()))}" for one in entries)


def _entry(text: str) -> str:
    name, colon, meaning = text.partition(": ")
    text = f"`{name}`: {meaning}" if colon and re.fullmatch(r"[\w*, ]+", name) else text
    return text.replace("``", "`")


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Yield the documented public methods and properties of a class."""
    ours = [one for one in thing.__mro__ if one.__module__.startswith("workflow_scripts")]
    for name, member in {name: vars(one)[name] for one in reversed(ours) for name in vars(one)}.items():
        inner = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        inner = getattr(inner, "func", None) or (inner.fget if isinstance(inner, property) else inner)
        if not name.startswith("_") and callable(inner) and inspect.getdoc(inner):
            yield name, (member, inner)


def entry(name: str) -> Iterator[str]:
    """Yield the parts of one public name's entry."""
    thing = getattr(neuronspec, name)
    yield f"### `{name}`"
    if name not in RETURNED and not (isinstance(thing, type) and issubclass(thing, Exception)):
        yield f"```python\n{name}{signature_of(thing)}\n```"
    yield from described(thing.__doc__ or "")
    if isinstance(thing, type) and not issubclass(thing, Exception):
        for own, (member, inner) in _members(thing):
            called = "" if hasattr(member, "func") or isinstance(member, property) else signature_of(inner)
            yield f"**`{name}.{own}{called}`**"
            yield from described(inner.__doc__ or "")


def page() -> str:
    """Return the page in Markdown."""
    parts = [HEAD.rstrip("\n")]
    for title, names in GROUPS.items():
        parts.append(f"## {title}")
        for name in names:
            parts += entry(name)
    return "\n\n".join(parts) + "\n"
