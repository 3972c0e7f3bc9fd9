"""The one rule for language codes, and how directions that others write are read. Standard library only.

A code is a language of two or three small letters, perhaps a script of four letters, perhaps a region of two
capital letters or three digits (BCP 47), joined by ``_``: ``pt_BR``, ``zho_Hant_TW``, ``es_419``. In a
direction's id the hyphen separates source and target: ``en-pt-BR`` becomes ``en-pt_BR``.
"""

import re
from collections.abc import Collection, Iterable

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.languages import is_listed

#: A code as ids and configs have it.
CODE = r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?"
#: A code as names of files have it: either joint, the script in any letters.
WRITTEN = r"[a-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Z]{2}|[0-9]{3}))?"
#: In the message for a direction with two readings.
AMBIGUOUS = "write the one that is meant"
_CODE = re.compile(CODE)
_LOOSE = re.compile(r"([a-z]{2,3})(_[a-z]{4})?(_([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)


def is_code(text: str) -> bool:
    """Tell whether a text is a code as ids have it."""
    return _CODE.fullmatch(text) is not None


def tidy(text: str) -> str:
    """Return a code in the letters of the rule (``PT-br`` gives ``pt_BR``); other text stays as it is."""
    found = _LOOSE.fullmatch(text.replace("-", "_"))
    if found is None:
        return text
    language, script, region = found[1], found[2] or "", found[3] or ""
    return language.lower() + script.title() + region.upper()


def canonical(text: str) -> str:
    """Return a code as ids have it: ``pt-BR`` gives ``pt_BR``; one without a hyphen keeps its letters."""
    if "-" not in text:
        return text
    joined = text.replace("-", "_")
    return tidy(joined) if joined.partition("_")[0].islower() else joined


def spellings(code: str) -> list[str]:
    """Return how files may spell a code, its own letters first."""
    if "_" not in code:
        return [code]
    hyphens = code.replace("_", "-")
    return list(dict.fromkeys([code, hyphens, code.lower(), hyphens.lower()]))


def match(text: str, known: Iterable[str]) -> str | None:
    """Return the one of ``known`` that a text spells, whatever its letters and joints; None: none."""
    folded = canonical(text).lower()
    known = list(known)
    return text if text in known else next((code for code in known if code.lower() == folded), None)


def read_direction(text: str, known: Collection[str] = ()) -> str:
    """Return the id of a direction that a config, a file's name or a table spells.

    ``known``: languages that there are; they decide first. Then the form of the codes does. A direction of
    one hyphen that neither explains stays as it is. With ``_`` between source and target (``en_pt``) both
    languages must be ones of ISO 639-1, unless they are known. Raises UserError: not a direction, or two are
    possible.
    """
    joints = [place for place, letter in enumerate(text) if letter in "-_" and 0 < place < len(text) - 1]
    cuts = [(text[:place], text[place + 1 :], text[place]) for place in joints]
    if known:
        found = [(match(one, known), match(two, known)) for one, two, _ in cuts]
        if reading := _only([f"{one}-{two}" for one, two in found if one and two], text):
            return reading
    plain = text.count("-") == 1
    sides = text.split("-")
    if plain and all(map(is_code, sides)):
        return text
    exact = [(one.replace("-", "_"), two.replace("-", "_"), joint) for one, two, joint in cuts]
    for one, two, joint in exact:
        if is_code(one) and is_code(two) and (joint == "-" or (is_listed(one) and is_listed(two))):
            return f"{one}-{two}"
    if plain and all(sides):
        return text
    loose = [(tidy(one), tidy(two)) for one, two, joint in cuts if joint == "-"]
    loose = [(one, two) for one, two in loose if is_code(one) and is_code(two)]
    if len(loose) > 1:
        loose = [sides for sides in loose if set(sides) & set(known)] or loose
    if reading := _only([f"{one}-{two}" for one, two in loose], text):
        return reading
    raise UserError(f"{text!r} is not two language codes around a hyphen, as in de-en or en-pt_BR")


def one_of(text: str, directions: Collection[str]) -> str:
    """Return the one of ``directions`` (ids) that a text spells; the text as it is where it spells none."""
    if text in directions:
        return text
    languages = {code for direction in directions for code in direction.split("-")}
    try:
        direction = read_direction(text, languages)
    except UserError:
        return text
    return direction if direction in directions else text


def _only(readings: list[str], text: str) -> str | None:
    readings = list(dict.fromkeys(readings))
    if len(readings) < 2 or text in readings:
        return text if text in readings else next(iter(readings), None)
    raise UserError(f"{text!r} may be {' or '.join(readings)}: {AMBIGUOUS}")
