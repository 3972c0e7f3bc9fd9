"""Wrong readings of a toy corpus's test sentences, each by one inflection that the grammar knows.

- ``number``: one noun phrase in the other number, with all that agrees with it;
- ``agreement``: one verb in the number that its subject, a noun, does not have;
- ``gender``: one adjective with the ending of the other noun class.

An item is made only where both readings look different in the target and the source tells them apart.
Contrastive pairs after Sennrich (2017).
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

from workflow_scripts.common.directions import split_direction
from workflow_scripts.data.toy.corpus import Corpus
from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.language import Language, Word
from workflow_scripts.data.toy.meaning import Clause, Meaning, NounPhrase

NUMBER, AGREEMENT, GENDER = "number", "agreement", "gender"
TEST = "test"

#: The place of a noun phrase in a meaning: the clause, and its role.
Place = tuple[int, str]
ROLES = ("subject", "object", "place")


@dataclass(frozen=True)
class Row:
    """One line of a contrastive set."""

    direction: str
    id: str
    source: str
    correct: str
    wrong: str
    phenomenon: str


@dataclass(frozen=True)
class WrongVerb(Language):
    """A language that gets the number of one clause's verb wrong."""

    clause: Clause

    def _verb(self, clause: Clause, draws: Draws) -> list[Word]:
        if clause is self.clause:
            clause = replace(clause, subject=replace(clause.subject, plural=not clause.subject.plural))
        return super()._verb(clause, draws)


@dataclass(frozen=True)
class WrongClass(Language):
    """A language that gets the class of one phrase's noun wrong, in its adjective's ending."""

    phrase: NounPhrase

    def _adjective_ending(self, phrase: NounPhrase) -> str:
        if phrase is not self.phrase or phrase.noun is None:
            return super()._adjective_ending(phrase)
        usage = replace(self.usage, second_class=self.usage.second_class ^ {phrase.noun})
        return Language(self.code, self.grammar, usage, self.lexicon, self.world)._adjective_ending(phrase)


class ContrastCorpus(Corpus):
    """A toy corpus whose test sentences can be rendered rightly and wrongly."""

    def rows(self, directions: list[str], most: int) -> Iterator[Row]:
        """Yield the rows of every direction, at most ``most`` of each phenomenon, in test-set order."""
        meanings = self._meanings(TEST, self.spec.test_size, set(), skeletons=True)
        for direction in directions:
            source, target = (self.languages[code] for code in split_direction(direction))
            left = dict.fromkeys((NUMBER, AGREEMENT, GENDER), most)
            one, other = (Draws(self.spec.seed, "synonyms", TEST, side.code) for side in (source, target))
            for line, meaning in enumerate(meanings, start=1):
                said = Sentence(source, meaning, copy.copy(one))
                reference = Sentence(target, meaning, copy.copy(other))
                # The streams go on as they did when the corpus was written.
                source.render(meaning, one)
                target.render(meaning, other)
                for phenomenon in [name for name in left if left[name]]:
                    draws = Draws(self.spec.seed, "contrast", direction, phenomenon, line)
                    places = draws.shuffled(list(_places(meaning, phenomenon)))
                    wrongs = (wrong_reading(said, reference, place, phenomenon) for place in places)
                    wrong = next((text for text in wrongs if text is not None), None)
                    if wrong is not None:
                        left[phenomenon] -= 1
                        name = f"{line}-{phenomenon}"
                        yield Row(direction, name, said.text, reference.text, wrong, phenomenon)


class Sentence:
    """A meaning in a language, with the draws that chose among its synonyms."""

    def __init__(self, language: Language, meaning: Meaning, draws: Draws) -> None:
        self.language, self.meaning, self._draws = language, meaning, draws
        self.text = self.rendered(language, meaning)

    def rendered(self, language: Language, meaning: Meaning) -> str:
        """Return the text of another meaning or language with the same draws."""
        return " ".join(word.form for word in language.render(meaning, copy.copy(self._draws)))


def _phrase(clause: Clause, role: str) -> NounPhrase | None:
    return clause.place[1] if role == "place" and clause.place else getattr(clause, role)


def _places(meaning: Meaning, phenomenon: str) -> Iterator[Place]:
    for number, clause in enumerate(meaning.clauses):
        for role in ROLES[:1] if phenomenon == AGREEMENT else ROLES:
            phrase = _phrase(clause, role)
            if phrase is not None and phrase.noun is not None:
                yield number, role


def _with_other_number(meaning: Meaning, place: Place) -> Meaning:
    number, role = place
    clause = meaning.clauses[number]
    phrase = _phrase(clause, role)
    assert phrase is not None
    flipped = replace(phrase, plural=not phrase.plural)
    clauses = list(meaning.clauses)
    if role == "place" and clause.place:
        clauses[number] = replace(clause, place=(clause.place[0], flipped))
    elif role == "subject":
        clauses[number] = replace(clause, subject=flipped)
    else:
        clauses[number] = replace(clause, object=flipped)
    return replace(meaning, clauses=tuple(clauses))


def wrong_reading(source: Sentence, reference: Sentence, place: Place, phenomenon: str) -> str | None:
    """Return the reference with one inflection wrong; None where that cannot be seen."""
    language, meaning = reference.language, reference.meaning
    clause, phrase = meaning.clauses[place[0]], _phrase(meaning.clauses[place[0]], place[1])
    parts = (language.code, language.grammar, language.usage, language.lexicon, language.world)
    if phenomenon == GENDER:
        if language.grammar.noun_classes != 2 or phrase is None or phrase.adjective is None:
            return None
        wrong = reference.rendered(WrongClass(*parts, phrase), meaning)
    else:
        other = _with_other_number(meaning, place)
        if source.rendered(source.language, other) == source.text:
            return None
        if phenomenon == NUMBER:
            wrong = reference.rendered(language, other)
        else:
            # Where verbs do not agree it is the reference itself.
            wrong = reference.rendered(WrongVerb(*parts, clause), meaning)
    return None if wrong == reference.text else wrong
