"""The grammar of a toy language: word order, agreement, and which concepts share or split their words.

Grammar is crossed with family, so that what masks of one family share comes from the lexicon.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.meaning import World

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
