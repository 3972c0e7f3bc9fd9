"""Whether a job was given the settings that it would be given now, however they were written.

Settings are one JSON object of named values (workflow.settings). Earlier versions had several params, of
which Snakemake kept the values without their names. Their names are found in the value itself (JSON, or a
string of options), or in the command: the option in front of the value. What cannot be shown to be equal
counts as changed:

- A value behind no option has no name: the same value must be there now, and if there are several, each at
  the same place of the command.
- A key may move to another option or object only with its value, if no other key has its name, and if its old
  place is gone or its new place is new. So two values that changed places are seen.
- An object inside another keeps its key, unless it was that option.
- A key that only one side has is a change.
- The rule's own text is code, and may differ; but the value of a wildcard must be the same, and an option of
  a param must not be given a second time.
- Values are compared as words of a command: 1 and 1.0 differ, 5 and "5" do not; a word equals a list of only
  this word. Of an absolute path the last part counts: files are compared by content.
- OLD_WORDS has the settings that were spelt otherwise (`--select mass:95` was `--rule mass --k 95`).
- The order of the user's files is compared. Earlier versions did not say it: it is the same where the files
  stand in both commands in the same way.
- A hash of an environment has a name today. Before, it had none: today's must be among the params, and there
  must be as many hashes as today. All other hashes are of code.
"""

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
from workflow_scripts.workflow.settings import (
    HASHES,
    ORDER,
    are_named,
    json_object,
    named_settings,
    options,
    python_value,
)

#: How settings were written before, and how they are written now.
OLD_WORDS = (
    (re.compile(r"--rule mass --k (?=\d)"), "--select mass:"),
    (re.compile(r"--rule all\b"), "--select all"),
)

#: What may differ, and is reported.
CODE, COMMAND, FORM = CODE_CHANGED, "its command changed", FORM_CHANGED
#: A code's or an environment's hash (workflow.software.closure, workflow.software.environments).
_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Given:
    """What a job was given: params in Python's form, the rule's command, and the command as it ran."""

    params: tuple[str, ...]
    template: str
    command: str


@dataclass(frozen=True, order=True)
class _Setting:
    """A value as JSON, and the option or object that holds it."""

    home: str
    value: str


@dataclass
class _Read:
    """The params of a run: settings by name, values without a name, hashes."""

    settings: dict[str, list[_Setting]] = field(default_factory=dict)
    nameless: Counter[str] = field(default_factory=Counter)
    #: Options ("" for what is before the first) with the words that hold values without a name.
    places: list[tuple[str, list[str]]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    #: Options of the rule's own text with their words in the command; those with wildcards behind them.
    own: dict[str, list[list[str]]] = field(default_factory=dict)
    wild: set[str] = field(default_factory=set)
    #: The order of the user's files where it is said, and the command's options that are no settings.
    order: Any = None
    besides: list[tuple[str, list[str]]] = field(default_factory=list)

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
        content = json_object(words[0]) if len(words) == 1 else None
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
    if are_named(given.template):
        settings = named_settings(given.params)
        hashes = {settings.pop(name) for name in HASHES if name in settings}
        return hashes, {repr(settings)}
    hashes = {form for form in given.params if _is_hash(python_value(form))}
    return {python_value(form) for form in hashes}, {*given.params} - hashes


def difference(before: Given, now: Given, identities: Mapping[str, str]) -> str:
    """Return what changed besides code, command text and the form of params, or ""."""
    try:
        old, new = _read(_in_words_of_today(before)), _read(_in_words_of_today(now))
    except ValueError:
        return "its command cannot be taken apart"
    found = [
        f"the pins of environment {identities[value]} changed"
        for value in new.hashes
        if value in identities and value not in old.hashes
    ]
    if not found and len(old.hashes) != len(new.hashes):
        found = ["whether its packages changed is not known"]
    if changed := list(_changed(old, new)):
        found.insert(0, f"a setting changed: {', '.join(changed)}")
    return "; ".join(found)


def _in_words_of_today(given: Given) -> Given:
    def today(text: str) -> str:
        for old, new in OLD_WORDS:
            text = old.sub(new, text)
        return text

    return Given(tuple(map(today, given.params)), today(given.template), today(given.command))


def _changed(old: _Read, new: _Read) -> Iterator[str]:
    for name in dict.fromkeys([*old.settings, *new.settings]):
        # In the order of the command; those of several objects by their options.
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
    if old.order != new.order and old.besides != new.besides:
        places = (NOT_SET if read.order is None else short(read.order) for read in (old, new))
        yield f"{ORDER} {' → '.join(places)}"
    for name in sorted(old.given_twice ^ new.given_twice):
        yield f"{name} is given twice"
    if old.nameless != new.nameless:
        gone, come = old.nameless - new.nameless, new.nameless - old.nameless
        yield " → ".join(short(sorted(values.elements())) if values else NOT_SET for values in (gone, come))
    elif len(old.nameless) > 1 and old.places != new.places:
        yield f"which of {', '.join(sorted(old.nameless))} is which is not known"


def _may_move(was: str, is_now: str, old: _Read, new: _Read) -> bool:
    """Tell whether only a place was renamed; a key of an object may move only from or to an option."""
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
    # The rule's own text is not a param: inputs, threads, fixed words.
    for name, words in _options_in(given.template):
        if not (words and "{params." in words[0]):
            read.own[name] = [given_words for option, given_words in behind if option == name]
            read.wild |= {name} if any("{wildcards." in word for word in words) else set()
    if are_named(given.template):
        settings = named_settings(given.params)
        read.hashes = [settings[name] for name in HASHES if name in settings]
        read.order = settings.get(ORDER)
        set_there = [*options(settings)]
        for name, words in set_there:
            read.add_option(name, words)
    else:
        set_there = [(name, words) for name, words in behind if name not in read.own]
        _read_nameless(read, given, set_there)
    settings_of = {name for name, _ in set_there}
    read.besides = sorted((name, portable_value(words)) for name, words in behind if name not in settings_of)
    return read


def _read_nameless(read: _Read, given: Given, behind: list[tuple[str, list[str]]]) -> None:
    """Take the params of an earlier version apart. ``behind``: the command's options with their words."""
    plain: dict[tuple[str, ...], list[str]] = {}
    for form in given.params:
        value = python_value(form)
        if _is_hash(value) and value not in given.command:
            read.hashes.append(value)
        elif isinstance(content := json_object(value), dict):
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
        else:  # it may be any of them
            for _ in forms:
                read.add_option("|".join(names), key)
    unnamed = [str(value) for form in read.nameless for value in _words(python_value(form))]
    read.places = sorted(
        (name, words)
        for name, words in _options_in(f"-- {given.command}")
        if any(value in word for value in unnamed for word in (name, *words))
    )


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    starts = [number for number, word in enumerate(words) if word.startswith("--")]
    for start, end in itertools.pairwise([*starts, len(words)]):
        yield words[start][2:].replace("-", "_"), list(words[start + 1 : end])


def _words(value: Any) -> list[str]:
    if isinstance(value, str) and (value.startswith("--") or " --" in value):
        return shlex.split(value)
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def _value_of(word: str) -> Any:
    try:
        value = json.loads(word)
    except ValueError:
        return word
    return value if isinstance(value, int | float) and not isinstance(value, bool) else word


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and bool(_HASH.fullmatch(value))


def _options_in(command: str) -> list[tuple[str, list[str]]]:
    """Return a command's options with the words behind each. ValueError: its quotes do not match."""
    found: list[tuple[str, list[str]]] = []
    for word in shlex.split(command):
        if word.startswith("--"):
            found.append((word[2:].replace("-", "_"), []))
        elif word in (">", ">>"):
            break  # what follows is of the shell
        elif found:
            found[-1][1].append(word)
    return found
