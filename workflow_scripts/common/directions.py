"""Direction ids, their languages and the pairs they share files with.

Standard library only. In an id a language code holds no hyphen (``language_codes``).
"""

from collections.abc import Collection
from contextlib import suppress

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.language_codes import read_direction


def split_direction(direction: str) -> tuple[str, str]:
    """Return (source, target) of a direction id such as ``de-en``; UserError for another form."""
    source, _, target = direction.partition("-")
    if not (source and target) or "-" in target:
        hint = ""
        with suppress(UserError):
            hint = f" (did you mean {read_direction(direction)!r}?)"
        raise UserError(f"{direction!r} is not two language codes around a hyphen, as in de-en{hint}")
    return source, target


def ends_of(row: str) -> tuple[str | None, str]:
    """Return (source, target) of what a row of scores is about: a direction, or the text of one language, as
    ``de``, which is no translation and has no source. UserError for another form."""
    return split_direction(row) if "-" in row else (None, row)


def language_of(row: str, side: int) -> str:
    """Return a row's language on a side, 0 of the source and 1 of the target; UserError where it has none."""
    found = ends_of(row)[side]
    if found is None:
        raise UserError(f"{row!r} is the text of one language, which has no source")
    return found


def pair_of(direction: str) -> str:
    """Return the pair of a direction: its two codes in alphabetical order (``en-de`` gives ``de-en``)."""
    return "-".join(sorted(split_direction(direction)))


def text_of(row: str) -> str:
    """Return what the text of a row is named by: the pair of a direction, or the one language."""
    return pair_of(row) if "-" in row else row


def direction_languages(direction: str, languages: Collection[str]) -> tuple[str, str]:
    """Return (source, target) of a direction between two different ``languages``, else UserError."""
    source, target = split_direction(direction)
    for language in (source, target):
        if language not in languages:
            known = ", ".join(languages)
            raise UserError(
                f"direction {direction!r}: {language!r} is not one of {known}{nearest(language, languages)}"
            )
    if source == target:
        raise UserError(f"direction {direction!r} translates a language into itself")
    return source, target
