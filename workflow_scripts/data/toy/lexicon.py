"""The words of a toy language: a family's proto-words after the language's own regular sound changes.

A change is a regular expression and its replacement, applied to every morpheme, one letter a sound.
"""

import re
from dataclasses import dataclass

from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.meaning import ADPOSITIONS, World

CONSONANTS = "ptkbdgmnslrh"
VOWELS = "aeiou"
CONSONANTS_OF_A_FAMILY = 10
VOWELS_OF_A_FAMILY = 4


@dataclass(frozen=True)
class SoundChange:
    """``sound`` (the letter it touches) becomes ``replacement`` wherever ``pattern`` matches."""

    sound: str
    pattern: str
    replacement: str

    def apply(self, word: str) -> str:
        """Return ``word`` after the change."""
        return re.sub(self.pattern, self.replacement, word)


# They apply in this order. Most replacements use letters that no proto-word has: few words fall together.
_CHANGES = r"""
p p f; t t(?=[ei]) c; k k ch; b b v; d d(?=.) z; g g j; s ^s sh; l l(?!$) w; n n(?=[aou]) ny;
r (?<=[aeiou])r rr; m m$ mb; a a(?=[nmlr]) au; e e ie; i i(?=.) y; o o uo; u u(?=.) eu
"""
CHANGES = tuple(SoundChange(*change.split()) for change in _CHANGES.split(";"))
# How far apart in its family's list of changes a language's changes lie: i, i+2, i+5, i+9.
_SPACING = (0, 2, 5, 9)


@dataclass(frozen=True)
class Phonology:
    """The sounds proto-words are made of."""

    consonants: str
    vowels: str

    def word(self, draws: Draws, syllables: int) -> str:
        """Draw a word of open syllables; half the words end in a consonant."""
        letters = []
        for _ in range(syllables):
            letters += [draws.pick(self.consonants), draws.pick(self.vowels)]
        if draws.chance(50):
            letters.append(draws.pick(self.consonants))
        return "".join(letters)

    def affix(self, draws: Draws) -> str:
        """Draw an ending: vowel, vowel and consonant, or consonant and vowel."""
        shape = draws.below(3)
        if shape == 0:
            return draws.pick(self.vowels)
        if shape == 1:
            return draws.pick(self.vowels) + draws.pick(self.consonants)
        return draws.pick(self.consonants) + draws.pick(self.vowels)


def draw_phonology(draws: Draws) -> Phonology:
    """Draw the sounds of a family (or of a single language that shares nothing)."""
    consonants = sorted(draws.shuffled(CONSONANTS)[:CONSONANTS_OF_A_FAMILY])
    vowels = sorted(draws.shuffled(VOWELS)[:VOWELS_OF_A_FAMILY])
    return Phonology("".join(consonants), "".join(vowels))


def changes_of(draws: Draws, phonology: Phonology, position: int) -> tuple[SoundChange, ...]:
    """Return the sound changes of the language at ``position`` in its family, in the order they apply.

    ``draws`` must be the family's stream, fresh: the languages of a family take different parts of one
    shuffled list.
    """
    sounds = phonology.consonants + phonology.vowels
    shuffled = draws.shuffled([change for change in CHANGES if change.sound in sounds])
    lap, start = divmod(position, len(shuffled))
    # A family with more languages than changes goes round again with another last change.
    taken = {shuffled[(start + gap) % len(shuffled)] for gap in (*_SPACING[:-1], _SPACING[-1] + lap)}
    return tuple(change for change in CHANGES if change in taken)


def reflex(word: str, changes: tuple[SoundChange, ...]) -> str:
    """Return what ``word`` has become after all ``changes``."""
    for change in changes:
        word = change.apply(word)
    return word


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
