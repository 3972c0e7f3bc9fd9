"""The order of directions and languages in a figure: family after family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: The grouping that orders figures.
FAMILY = "family"
#: Of languages that no family has.
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Span:
    """The members of a family in an ordered list: those from ``start`` to before ``stop``."""

    family: str
    start: int
    stop: int


def language_of(label: str, pivot: str) -> str:
    """Return the language by which a direction or a language is ordered: its target, or its source if that
    is the pivot."""
    source, _, target = label.partition("-")
    return source if target in ("", pivot) else target


def by_family(
    labels: Sequence[str], families: Mapping[str, Sequence[str]], pivot: str = ""
) -> tuple[list[str], list[Span]]:
    """Return directions (or languages) ordered by family, and where each family stands.

    Families and their languages keep their order; those without a family come last, as they came. Without
    families the order stays, and there are no spans.
    """
    if not families:
        return list(labels), []
    place = {language: n for n, language in enumerate(one for of in families.values() for one in of)}
    family_of = {language: family for family, of in families.items() for language in of}
    languages = {label: language_of(label, pivot) for label in labels}
    ordered = sorted(labels, key=lambda label: place.get(languages[label], len(place)))
    spans: list[Span] = []
    for n, label in enumerate(ordered):
        family = family_of.get(languages[label], OTHERS)
        if spans and spans[-1].family == family:
            spans[-1] = Span(family, spans[-1].start, n + 1)
        else:
            spans.append(Span(family, n, n + 1))
    return ordered, spans
