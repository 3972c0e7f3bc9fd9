"""Putting a meaning into the words of a language, with each word's part of speech and number."""

from __future__ import annotations

from dataclasses import dataclass

from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.grammar import Grammar, Usage
from workflow_scripts.data.toy.lexicon import SECOND, Lexicon
from workflow_scripts.data.toy.meaning import Clause, Meaning, NounPhrase, World

NO_NUMBER = "-"
SINGULAR = "Sing"
PLURAL = "Plur"
# A concept with two words of one meaning takes the second in so many of 100 cases.
SECOND_WORD_PERCENT = 25


@dataclass(frozen=True)
class Word:
    """One token: its form, its part of speech (Universal Dependencies' names) and its number.

    Number is ``Sing`` or ``Plur`` on nouns, pronouns and whatever agrees with them in the language, else
    ``-``.
    """

    form: str
    pos: str
    number: str = NO_NUMBER


def _number(plural: bool) -> str:
    return PLURAL if plural else SINGULAR


@dataclass(frozen=True)
class Language:
    """A toy language: what it has words for, and how it strings them together."""

    code: str
    grammar: Grammar
    usage: Usage
    lexicon: Lexicon
    world: World

    def render(self, meaning: Meaning, draws: Draws) -> list[Word]:
        """Return the sentence for ``meaning``; ``draws`` choose among synonyms."""
        words = self._clause(meaning.clauses[0], draws)
        for clause in meaning.clauses[1:]:
            assert meaning.link is not None
            pos = "CCONJ" if meaning.link == "and" else "SCONJ"
            words.append(Word(self.lexicon.words[meaning.link], pos))
            words += self._clause(clause, draws)
        return words

    def _stem(self, concept: str, domain: str | None, draws: Draws) -> str:
        second = domain in self.usage.collocated.get(concept, ())
        # One draw for every concept, so that one word's synonyms do not shift the other words' draws.
        if draws.chance(SECOND_WORD_PERCENT) and concept in self.usage.free:
            second = True
        concept = self.usage.merged.get(concept, concept)
        return self.lexicon.words[concept + SECOND if second else concept]

    def _noun_phrase(self, phrase: NounPhrase, draws: Draws, is_object: bool = False) -> list[Word]:
        grammar, affixes = self.grammar, self.lexicon.affixes
        number = _number(phrase.plural)
        if phrase.noun is None:
            return [
                Word(self.lexicon.words["pronoun.plural" if phrase.plural else "pronoun"], "PRON", number)
            ]
        noun = self._stem(phrase.noun, None, draws)
        if phrase.plural:
            noun += affixes["plural"]
        if phrase.definite and grammar.articles == "suffix":
            noun += affixes["definite"]
        if is_object and grammar.accusative:
            noun += affixes["accusative"]
        words = [Word(noun, "NOUN", number)]
        agreed = number if grammar.adjective_agrees else NO_NUMBER
        if phrase.adjective is not None:
            form = self._stem(phrase.adjective, self.world.domain[phrase.noun], draws)
            form += self._adjective_ending(phrase)
            words.insert(0 if grammar.adjective == "before" else 1, Word(form, "ADJ", agreed))
        if grammar.articles == "words":
            if phrase.definite:
                item = "definite.plural" if phrase.plural and grammar.adjective_agrees else "definite"
                words.insert(0, Word(self.lexicon.words[item], "DET", agreed))
            elif not phrase.plural:
                # The indefinite article exists in the singular only: it always carries number.
                words.insert(0, Word(self.lexicon.words["indefinite"], "DET", SINGULAR))
        return words

    def _adjective_ending(self, phrase: NounPhrase) -> str:
        grammar = self.grammar
        if not grammar.adjective_agrees:
            return ""
        if grammar.noun_classes == 2 and phrase.noun in self.usage.second_class:
            return self.lexicon.affixes["adjective.second.plural" if phrase.plural else "adjective.second"]
        return self.lexicon.affixes["adjective.plural"] if phrase.plural else ""

    def _verb(self, clause: Clause, draws: Draws) -> list[Word]:
        grammar, words, affixes = self.grammar, self.lexicon.words, self.lexicon.affixes
        # A verb's second word goes by its object, or by its subject where it has none.
        argument = clause.object or clause.subject
        domain = None if argument.noun is None else self.world.domain[argument.noun]
        form = self._stem(clause.verb, domain, draws)
        if clause.tense != "present" and grammar.tense == "suffix":
            form += affixes[clause.tense]
        if clause.subject.plural and grammar.verb_agrees:
            form += affixes["verb.plural"]
        if clause.negated and grammar.negation == "prefix":
            form = affixes["not"] + form
        result = [Word(form, "VERB", _number(clause.subject.plural) if grammar.verb_agrees else NO_NUMBER)]
        if clause.negated and grammar.negation != "prefix":
            result.insert(0 if grammar.negation == "before" else 1, Word(words["not"], "PART"))
        if clause.tense != "present" and grammar.tense == "particle":
            result.insert(0, Word(words[clause.tense], "AUX"))
        return result

    def _clause(self, clause: Clause, draws: Draws) -> list[Word]:
        grammar = self.grammar
        # All parts are rendered in one fixed sequence: the draws must not depend on the word order.
        verb = self._verb(clause, draws)
        subject = self._noun_phrase(clause.subject, draws)
        if clause.subject.noun is None and grammar.drops_pronoun:
            subject = []
        thing = [] if clause.object is None else self._noun_phrase(clause.object, draws, is_object=True)
        place: list[Word] = []
        if clause.place is not None:
            place = self._noun_phrase(clause.place[1], draws)
            adposition = Word(self.lexicon.words[clause.place[0]], "ADP")
            place.insert(0 if grammar.adposition == "before" else len(place), adposition)
        adverb: list[Word] = []
        if clause.adverb is not None:
            adverb = [Word(self._stem(clause.adverb, None, draws), "ADV")]
        words = {
            "SVO": subject + verb + thing + place,
            "SOV": subject + thing + place + verb,
            "VSO": verb + subject + thing + place,
        }[grammar.order]
        return adverb + words if grammar.adverb == "first" else words + adverb
