"""Whether a job was given the settings that it would be given now, however either was written.

A job's settings are one JSON object of named values (workflow.settings). Jobs of earlier versions had
several params, of which Snakemake kept the values without their names; names come then from the values' own
form, JSON or a string of options, or from the option that a value stands behind in the command as it ran.
Inputs: params, the rule's command, the command as it ran, of the run that was and of one now. Output: what
differs in words, or nothing where only code, command text and the form of params do.

Where it cannot be shown that names and values agree, they count as changed:

- A value that stands behind no option has no name: the same one must be there now, and of several each at the
  same place of the command.
- A key may move to another option or object (two params become one) only with its value, only if no other one
  is called so, and only from a place that is gone or to one that is new. Two values that have changed places
  are therefore seen.
- An object inside another keeps its key (the name of a grouping is one), unless it was that option.
- A key that is there on one side only is a change, whatever its value means: what means the behaviour as
  before is not to be written into params at all.
- What a rule's text has of its own is code, and may differ; but what stands for a wildcard keeps its value,
  and no option that a param gives is given once more.
- Values are compared as words of a command: 1 and 1.0 differ, 5 and "5" do not; one word, and a list with
  nothing else in it, are the same. Of an absolute path the last part counts: files are compared by content.
- Of settings that were written otherwise before, OLD_WORDS says how (a threshold was `--rule mass --k 95`).
- A hash of an environment is known by name today, and was without name then: today's must have been among the
  params, and as many hashes as today. Other hashes are of code.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow_scripts.workflow.plan.param_changes import CODE_CHANGED, FORM_CHANGED, NOT_SET, flattened, short
from workflow_scripts.workflow.provenance.made_with import portable_value
from workflow_scripts.workflow.settings import HASHES, are_named, options, settings_in

#: How settings were written before, and the words that say the same now.
OLD_WORDS = (
    (re.compile(r"--rule mass --k (?=\d)"), "--select mass:"),
    (re.compile(r"--rule all\b"), "--select all"),
)

#: What may differ, and is told.
CODE, COMMAND, FORM = CODE_CHANGED, "its command changed", FORM_CHANGED
#: A code's or an environment's hash (workflow.software.closure, workflow.software.environments).
_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Given:
    """What a run of a job was given.

    ``params``: Python forms of the values, as Snakemake keeps them. ``template``: the rule's command.
    ``command``: as it ran.
    """

    params: tuple[str, ...]
    template: str
    command: str


@dataclass(frozen=True, order=True)
class _Setting:
    """A value as JSON, and the option or object it stands in."""

    home: str
    value: str


@dataclass
class _Read:
    """The params of a run: settings by name, values without a name, hashes."""

    settings: dict[str, list[_Setting]] = field(default_factory=dict)
    nameless: Counter[str] = field(default_factory=Counter)
    #: Options (what stands before them: "") with the words in which values without a name stand.
    places: list[tuple[str, list[str]]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    #: Options of the rule's own text with their words in the command; those that wildcards stand behind.
    own: dict[str, list[list[str]]] = field(default_factory=dict)
    wild: set[str] = field(default_factory=set)

    def add(self, name: str, home: str, value: Any) -> None:
        if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list | dict):
            value = value[0]
        form = json.dumps(portable_value(value), sort_keys=True, ensure_ascii=False)
        self.settings.setdefault(name, []).append(_Setting(home, form))

    def add_object(self, content: Mapping[str, Any], home: str) -> None:
        for path, value in flattened(content):
            inside, _, name = path.rpartition(".")
            self.add(name, f"{home}.{inside}" if inside else home, value)

    def add_option(self, name: str, words: Sequence[str]) -> None:
        content = _json_of(words[0]) if len(words) == 1 else None
        if isinstance(content, dict):
            self.add_object(content, name)
        else:
            self.add(name, name, [_value_of(word) for word in words] if words else True)

    @property
    def given_twice(self) -> set[str]:
        """Options of the rule's own text that a param gives too."""
        return {name for name in self.own if any(s.home == name for s in self.settings.get(name, []))}

    @property
    def homes(self) -> set[str]:
        return {setting.home for settings in self.settings.values() for setting in settings}


def kinds(before: Given, now: Given) -> tuple[str, ...]:
    """Return what Snakemake would run the job for: CODE, COMMAND, FORM; empty if for none of them."""
    (old_hashes, old), (new_hashes, new) = _split(before), _split(now)
    found = {
        CODE: old_hashes != new_hashes,
        COMMAND: before.template != now.template,
        FORM: old != new,
    }
    return tuple(kind for kind, there in found.items() if there)


def _split(given: Given) -> tuple[set[str], set[str]]:
    """Return the hashes of params, and the forms of the others."""
    if are_named(given.template):
        settings = settings_in(given.params)
        hashes = {settings.pop(name) for name in HASHES if name in settings}
        return hashes, {repr(settings)}
    hashes = {form for form in given.params if _is_hash(_python(form))}
    return {_python(form) for form in hashes}, {*given.params} - hashes


def difference(before: Given, now: Given, identities: Mapping[str, str]) -> str:
    """Return what changed besides code, command text and the form of params; "" if nothing did.

    Args:
        before: what the run that was, was given.
        now: what one would be given now.
        identities: environments' hashes of today, to their names.
    """
    try:
        old, new = _read(_in_words_of_today(before)), _read(_in_words_of_today(now))
    except ValueError:
        return "its command cannot be taken apart"
    told = [
        f"the pins of environment {identities[value]} changed"
        for value in new.hashes
        if value in identities and value not in old.hashes
    ]
    if not told and len(old.hashes) != len(new.hashes):
        told = ["whether its packages changed cannot be told"]
    if changed := list(_changed(old, new)):
        told.insert(0, f"a setting changed: {', '.join(changed)}")
    return "; ".join(told)


def _in_words_of_today(given: Given) -> Given:
    """Return what was given with the words that say the same now."""

    def today(text: str) -> str:
        for old, new in OLD_WORDS:
            text = old.sub(new, text)
        return text

    return Given(tuple(map(today, given.params)), today(given.template), today(given.command))


def _changed(old: _Read, new: _Read) -> Iterator[str]:
    """Return a phrase for each setting that is not the same."""
    for name in dict.fromkeys([*old.settings, *new.settings]):
        # In the order in which a command has them; of several objects by their options.
        was, is_now = (sorted(read.settings.get(name, []), key=lambda s: s.home) for read in (old, new))
        if was == is_now:
            continue
        if [one.value for one in was] != [one.value for one in is_now]:
            yield f"{name} {_shown(was)} → {_shown(is_now)}"
        elif len(was) > 1 or not _may_move(was[0].home, is_now[0].home, old, new):
            homes = (" and ".join(one.home for one in settings) for settings in (was, is_now))
            yield f"{name} moved from {' to '.join(homes)}"
    for name in sorted((old.wild | new.wild) & old.own.keys() & new.own.keys()):
        if old.own[name] != new.own[name]:
            was_words, words = (short([" ".join(one) for one in read.own[name]]) for read in (old, new))
            yield f"{name} {was_words} → {words}"
    for name in sorted(old.given_twice ^ new.given_twice):
        yield f"{name} is given twice"
    if old.nameless != new.nameless:
        gone, come = old.nameless - new.nameless, new.nameless - old.nameless
        yield " → ".join(short(sorted(values.elements())) if values else NOT_SET for values in (gone, come))
    elif len(old.nameless) > 1 and old.places != new.places:
        yield f"which of {', '.join(sorted(old.nameless))} is which cannot be told"


def _may_move(was: str, is_now: str, old: _Read, new: _Read) -> bool:
    """Tell whether a place has another name only: of an object's own keys only what was an option is new."""
    keys_then, keys_now = was.partition(".")[2], is_now.partition(".")[2]
    renamed = keys_then and keys_now and keys_then != keys_now and was != keys_now and is_now != keys_then
    return not renamed and not (was in new.homes and is_now in old.homes)


def _shown(settings: Sequence[_Setting]) -> str:
    values = [json.loads(one.value) for one in settings]
    return " and ".join("on" if value is True else short(value) for value in values) or NOT_SET


def _read(given: Given) -> _Read:
    """Take params apart. Raises ValueError: the command's quotes do not match."""
    read = _Read()
    behind = _options_in(given.command)
    # What the rule's text has there is no param: inputs, threads, words of its own.
    for name, words in _options_in(given.template):
        if not (words and "{params." in words[0]):
            read.own[name] = [given_words for option, given_words in behind if option == name]
            read.wild |= {name} if any("{wildcards." in word for word in words) else set()
    if are_named(given.template):
        settings = settings_in(given.params)
        read.hashes = [settings[name] for name in HASHES if name in settings]
        for name, words in options(settings):
            read.add_option(name, words)
    else:
        _read_nameless(read, given, [(name, words) for name, words in behind if name not in read.own])
    return read


def _read_nameless(read: _Read, given: Given, behind: list[tuple[str, list[str]]]) -> None:
    """Take the params of an earlier version apart. ``behind``: the command's options with their words."""
    plain: dict[tuple[str, ...], list[str]] = {}
    for form in given.params:
        value = _python(form)
        if _is_hash(value) and value not in given.command:
            read.hashes.append(value)
        elif isinstance(content := _json_of(value), dict):
            read.add_object(content, "|".join(name for name, words in behind if words == [value]))
        elif not (isinstance(value, str) and not value.strip()):
            words = _words(value)
            # Options may follow a value.
            own = list(itertools.takewhile(lambda word: not word.startswith("--"), words))
            for name, given_words in _options(words):
                read.add_option(name, given_words)
            if own:
                plain.setdefault(tuple(own), []).append(form)
    for key, forms in plain.items():
        names = [name for name, words in behind if tuple(words) == key]
        if not names:
            read.nameless.update(forms)
        elif len(names) == len(forms):
            for name in names:
                read.add_option(name, key)
        else:  # which of them it is cannot be told
            for _ in forms:
                read.add_option("|".join(names), key)
    unnamed = [str(value) for form in read.nameless for value in _words(_python(form))]
    read.places = sorted(
        (name, words)
        for name, words in _options_in(f"-- {given.command}")
        if any(value in word for value in unnamed for word in (name, *words))
    )


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the options among words, each with the words behind it."""
    starts = [number for number, word in enumerate(words) if word.startswith("--")]
    for start, end in itertools.pairwise([*starts, len(words)]):
        yield words[start][2:].replace("-", "_"), list(words[start + 1 : end])


def _words(value: Any) -> list[str]:
    """Return a value as words of a command; a string may hold options."""
    if isinstance(value, str) and (value.startswith("--") or " --" in value):
        return shlex.split(value)
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def _python(form: str) -> Any:
    try:
        return ast.literal_eval(form)
    except (ValueError, SyntaxError):
        return form


def _value_of(word: str) -> Any:
    """Return a word as a number if it is one."""
    try:
        value = json.loads(word)
    except ValueError:
        return word
    return value if isinstance(value, int | float) and not isinstance(value, bool) else word


def _is_hash(value: Any) -> bool:
    """Tell whether a value has the form of a code's or an environment's hash."""
    return isinstance(value, str) and bool(_HASH.fullmatch(value))


def _json_of(value: Any) -> Any:
    """Return the JSON object that a value holds; None if it holds none."""
    if not isinstance(value, str) or not value.startswith("{"):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _options_in(command: str) -> list[tuple[str, list[str]]]:
    """Return a command's options in order, each with the words behind it.

    Dashes in names become underscores, as config has them.

    Raises:
        ValueError: its quotes do not match.
    """
    found: list[tuple[str, list[str]]] = []
    for word in shlex.split(command):
        if word.startswith("--"):
            found.append((word[2:].replace("-", "_"), []))
        elif word in (">", ">>"):
            break  # what follows is of the shell
        elif found:
            found[-1][1].append(word)
    return found
