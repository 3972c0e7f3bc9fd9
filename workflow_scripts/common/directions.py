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


def pair_of(direction: str) -> str:
    """Return the pair of a direction: its two codes in alphabetical order (``en-de`` gives ``de-en``)."""
    return "-".join(sorted(split_direction(direction)))


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
