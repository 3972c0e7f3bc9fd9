"""The words of a toy language: a family's proto-words after the language's own sound changes."""

from __future__ import annotations

from dataclasses import dataclass

from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.meaning import ADPOSITIONS, World
from workflow_scripts.data.toy.sound import Phonology, SoundChange, changes_of, draw_phonology, reflex

_PARTICLES = "pronoun pronoun.plural definite definite.plural indefinite not past future and because"
_ADJECTIVES = "adjective.plural adjective.second adjective.second.plural"
_AFFIXES = f"plural definite accusative past future verb.plural {_ADJECTIVES} not"
PARTICLES, AFFIXES = _PARTICLES.split(), _AFFIXES.split()
# The mark of a concept's second word.
SECOND = "'"
# Tries at a word that no language of the family already has, before words are let grow by a syllable.
PATIENCE = 20


@dataclass(frozen=True)
class Lexicon:
    """The morphemes of one language: item → form. ``words`` has stems and particles, ``affixes`` endings."""

    changes: tuple[SoundChange, ...]
    words: dict[str, str]
    affixes: dict[str, str]


@dataclass(frozen=True)
class FamilyLexicon:
    """Proto-forms, and each member's lexicon made of them by its sound changes."""

    proto_words: dict[str, str]
    proto_affixes: dict[str, str]
    members: dict[str, Lexicon]


def word_items(world: World) -> list[tuple[str, int]]:
    """Return all items a language needs a word for, each with its root's number of syllables."""
    items = [(item, 1) for item in (*PARTICLES, *ADPOSITIONS)]
    # Rarer concepts have longer words, as in natural languages.
    items += [(noun, 2 if index < 40 else 3) for index, noun in enumerate(world.nouns)]
    for concept in world.verbs + world.adjectives:
        items += [(concept, 2), (concept + SECOND, 2)]
    items += [(adverb, 3) for adverb in world.adverbs]
    return items


def _fresh(
    draw: Phonology,
    draws: Draws,
    syllables: int,
    taken: dict[str, set[str]],
    changes: dict[str, tuple[SoundChange, ...]],
) -> str:
    tries = 0
    while True:
        # Zero syllables: an affix.
        size = syllables + tries // PATIENCE
        word = draw.word(draws, size) if size else draw.affix(draws)
        forms = {language: reflex(word, changes[language]) for language in changes}
        if all(forms[language] not in taken[language] for language in changes):
            for language, form in forms.items():
                taken[language].add(form)
            return word
        tries += 1


def family_lexicon(
    seed: int, name: str, members: list[str], positions: list[int], world: World
) -> FamilyLexicon:
    """Draw the proto-words of the family ``name`` and derive its members' lexicons.

    ``positions`` decide which sound changes a member has; a negative position means none (the pivot).
    No two items of a language fall together: which words are ambiguous is the grammar's business (``Usage``),
    so that the sentences stay equal when the lexicon is not shared.
    """
    phonology = draw_phonology(Draws(seed, "phonology", name))
    changes = {
        member: changes_of(Draws(seed, "changes", name), phonology, position) if position >= 0 else ()
        for member, position in zip(members, positions, strict=True)
    }
    draws = Draws(seed, "words", name)
    taken: dict[str, set[str]] = {member: set() for member in members}
    words = {
        item: _fresh(phonology, draws, syllables, taken, changes) for item, syllables in word_items(world)
    }
    taken = {member: set() for member in members}
    affixes = {item: _fresh(phonology, draws, 0, taken, changes) for item in AFFIXES}
    lexicons = {
        member: Lexicon(
            changes[member],
            {item: reflex(word, changes[member]) for item, word in words.items()},
            {item: reflex(affix, changes[member]) for item, affix in affixes.items()},
        )
        for member in members
    }
    return FamilyLexicon(words, affixes, lexicons)
