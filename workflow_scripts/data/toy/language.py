"""A toy language: its grammar, and how it puts a meaning into words with parts of speech and numbers.

Grammar is crossed with family, so that what masks of one family share comes from the lexicon.
"""

from dataclasses import dataclass

from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.lexicon import SECOND, Lexicon
from workflow_scripts.data.toy.meaning import Clause, Meaning, NounPhrase, World

ORDERS = ("SVO", "SOV", "VSO")


@dataclass(frozen=True)
class Grammar:
    """How a language puts a meaning into words.

    order              subject, verb and object in a clause; in SOV the adpositional phrase stands before the
                       verb
    adjective          ``before`` or ``after`` its noun
    adposition         ``before`` or ``after`` its noun phrase
    articles           ``words`` (definite, and indefinite in the singular), ``suffix`` (definite on the
                       noun), ``none``
    adverb             ``first`` or ``last`` in the clause
    negation           a word ``before`` or ``after`` the verb, or a ``prefix`` on it
    tense              ``suffix`` on the verb or ``particle`` before it (past and future; the present is bare)
    verb_agrees        the verb takes a plural ending with a plural subject
    adjective_agrees   adjectives and articles take their noun's number (and class)
    noun_classes       1, or 2: agreeing adjectives take another ending with nouns of the second class
    accusative         the object noun takes an ending
    drops_pronoun      a pronoun subject is not said (its number is on the verb)
    """

    order: str
    adjective: str
    adposition: str
    articles: str
    adverb: str
    negation: str
    tense: str
    verb_agrees: bool
    adjective_agrees: bool
    noun_classes: int
    accusative: bool
    drops_pronoun: bool


PIVOT = Grammar(
    order="SVO",
    adjective="before",
    adposition="before",
    articles="words",
    adverb="last",
    negation="before",
    tense="suffix",
    verb_agrees=True,
    adjective_agrees=False,
    noun_classes=1,
    accusative=False,
    drops_pronoun=False,
)


def draw_grammar(draws: Draws, family_index: int, position: int) -> Grammar:
    """Return the grammar of the language at ``position`` in the family numbered ``family_index``.

    Order, articles and agreement go round by position, so that neighbours in a family surely differ; the rest
    is drawn.
    """
    turn = family_index + position
    order = ORDERS[turn % 3]
    verb_agrees = turn % 2 == 0
    adjective_agrees = (position + turn // 2) % 2 == 0
    return Grammar(
        order=order,
        adjective=draws.pick(("before", "after")),
        adposition="after" if order == "SOV" else "before",
        articles=("words", "none", "suffix")[(turn + position) % 3],
        adverb=draws.pick(("first", "last")),
        negation=draws.pick(("before", "after", "prefix")),
        tense=draws.pick(("suffix", "particle")),
        verb_agrees=verb_agrees,
        adjective_agrees=adjective_agrees,
        # Noun classes show on agreeing adjectives only.
        noun_classes=2 if draws.chance(50) and adjective_agrees else 1,
        # Without a case ending SOV could not tell two nouns' roles apart once a pronoun is dropped.
        accusative=order == "SOV" or draws.chance(25),
        drops_pronoun=verb_agrees and draws.chance(50),
    )


@dataclass(frozen=True)
class Usage:
    """Which concepts share a word in a language, and which have two.

    merged       concept → the concept whose word it uses
    second_class nouns of the second noun class
    collocated   concept with two words → the domains of the noun it goes with that ask for the second word
    free         concepts with two words that mean the same: the second in one of four cases, at random
    """

    merged: dict[str, str]
    second_class: frozenset[str]
    collocated: dict[str, tuple[str, ...]]
    free: frozenset[str]


def draw_usage(draws: Draws, world: World, ambiguity: int) -> Usage:
    """Draw a language's merged words and synonyms; ``ambiguity`` percent of the candidates are taken."""
    merged = {second: first for first, second in world.near_pairs() if draws.chance(ambiguity)}
    second_class = frozenset(noun for noun in world.nouns if draws.chance(40))
    collocated: dict[str, tuple[str, ...]] = {}
    free = []
    for concept in world.adjectives + world.verbs:
        if not draws.chance(ambiguity):
            continue
        if draws.chance(60):
            collocated[concept] = tuple(
                draws.pick((("person", "animal"), ("animal", "food"), ("tool", "place")))
            )
        else:
            free.append(concept)
    return Usage(merged, second_class, collocated, frozenset(free))


def pivot_usage(draws: Draws, world: World, ambiguity: int) -> Usage:
    """Draw the pivot's homographs: unlike concepts with one spelling, told apart by context."""
    merged = {second: first for first, second in world.homograph_pairs() if draws.chance(ambiguity)}
    return Usage(merged, frozenset(), {}, frozenset())


NO_NUMBER = "-"
SINGULAR = "Sing"
PLURAL = "Plur"
# A concept with two words of one meaning takes the second in so many of 100 cases.
SECOND_WORD_PERCENT = 25


@dataclass(frozen=True)
class Word:
    """One token: its form, its part of speech (Universal Dependencies' names) and its number. Number is
    ``Sing`` or ``Plur`` on nouns, pronouns and whatever agrees with them in the language, else ``-``."""

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
        rest = thing + place
        orders = {"SVO": subject + verb + rest, "SOV": subject + rest + verb, "VSO": verb + subject + rest}
        words = orders[grammar.order]
        return adverb + words if grammar.adverb == "first" else words + adverb
