"""The sounds of a toy family, and the regular sound changes that make proto-words into a language's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow_scripts.data.toy.draws import Draws

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
