"""What the sentences of a toy corpus say: predicate-argument structures, free of any language.

All languages render the same meanings, whatever their lexicon (``share_lexicon``).
"""

from dataclasses import dataclass

from workflow_scripts.data.toy.draws import Draws, Zipf

# Semantic domains of nouns. Verbs choose among them, which is what tells the readings of a homograph apart.
DOMAINS = ("person", "animal", "food", "tool", "place")
SUBJECT_DOMAINS = ("person", "animal")
OBJECT_DOMAINS = ("person", "animal", "food", "tool")
ADPOSITIONS = ("in", "to", "from", "near", "with")
TENSES = ("present", "past", "future")
# Of 100 concepts so many are nouns, verbs and adjectives; the rest are adverbs.
NOUN_PERCENT, VERB_PERCENT, ADJECTIVE_PERCENT = 50, 25, 17
# A verb takes an object of its own domain in so many of 100 cases, else of any.
PREFERENCE_PERCENT = 90


@dataclass(frozen=True)
class Verb:
    """What a verb asks of its arguments; ``object_domain`` is None for an intransitive verb."""

    subject_domain: str
    object_domain: str | None


@dataclass(frozen=True)
class NounPhrase:
    """A noun with its number and article, or (``noun`` None) a third-person pronoun."""

    noun: str | None
    plural: bool
    definite: bool
    adjective: str | None = None


@dataclass(frozen=True)
class Clause:
    """One predicate with its arguments. ``place`` is an adposition with its noun phrase."""

    verb: str
    tense: str
    negated: bool
    subject: NounPhrase
    object: NounPhrase | None = None
    place: tuple[str, NounPhrase] | None = None
    adverb: str | None = None


@dataclass(frozen=True)
class Meaning:
    """One or two clauses; ``link`` (``and`` or ``because``) joins the second."""

    clauses: tuple[Clause, ...]
    link: str | None = None


class World:
    """The concepts of one corpus and the habits by which meanings are drawn from them. Concepts are named
    ``n0 n1 …`` (nouns), ``v…``, ``a…`` (adjectives), ``d…`` (adverbs), lower numbers more frequent."""

    def __init__(self, seed: int, concepts: int) -> None:
        draws = Draws(seed, "world")
        self.nouns = [f"n{index}" for index in range(concepts * NOUN_PERCENT // 100)]
        self.verbs = [f"v{index}" for index in range(concepts * VERB_PERCENT // 100)]
        self.adjectives = [f"a{index}" for index in range(concepts * ADJECTIVE_PERCENT // 100)]
        rest = concepts - len(self.nouns) - len(self.verbs) - len(self.adjectives)
        self.adverbs = [f"d{index}" for index in range(rest)]
        self.domain = {noun: DOMAINS[index % len(DOMAINS)] for index, noun in enumerate(self.nouns)}
        self.frames: dict[str, Verb] = {}
        for index, verb in enumerate(self.verbs):
            subject = SUBJECT_DOMAINS[draws.below(len(SUBJECT_DOMAINS))]
            # Every third verb is intransitive, whatever the number of verbs.
            self.frames[verb] = Verb(subject, None if index % 3 == 2 else draws.pick(OBJECT_DOMAINS))
        self._nouns_of = {
            domain: Zipf([noun for noun in self.nouns if self.domain[noun] == domain]) for domain in DOMAINS
        }
        self._folded = _fold(self.near_pairs() + self.homograph_pairs())
        self._verbs = Zipf(self.verbs)
        self._intransitive = Zipf([verb for verb in self.verbs if self.frames[verb].object_domain is None])
        self._adjectives = Zipf(self.adjectives)
        self._adverbs = Zipf(self.adverbs)

    def near_pairs(self) -> list[tuple[str, str]]:
        """Return pairs of like concepts that a language may merge: no context tells them apart."""
        step = len(DOMAINS)
        pairs = []
        for start in range(0, len(self.nouns), 2 * step):
            # The nouns of one domain lie a step apart.
            first, second = self.nouns[start : start + step], self.nouns[start + step : start + 2 * step]
            pairs += list(zip(first, second, strict=False))
        pairs += list(zip(self.adjectives[0::2], self.adjectives[1::2], strict=False))
        return pairs

    def homograph_pairs(self) -> list[tuple[str, str]]:
        """Return pairs of unlike concepts that may be homographs in the pivot, told apart by the context.

        Nouns: a food and a tool of equal rank, told apart by the verb. Verbs: two neighbours that take
        objects of different domains, told apart by the object.
        """
        food, tool = DOMAINS.index("food"), DOMAINS.index("tool")
        pairs = [
            (self.nouns[start + food], self.nouns[start + tool])
            for start in range(0, len(self.nouns) - tool, len(DOMAINS))
        ]
        verbs = iter(self.verbs)
        for first, second in zip(verbs, verbs, strict=False):
            if self.frames[first].object_domain != self.frames[second].object_domain:
                pairs.append((first, second))
        return pairs

    def _noun_phrase(self, draws: Draws, domain: str, definite: int, adjective: int) -> NounPhrase:
        return NounPhrase(
            noun=self._nouns_of[domain].pick(draws),
            plural=draws.chance(35),
            definite=draws.chance(definite),
            adjective=self._adjectives.pick(draws) if draws.chance(adjective) else None,
        )

    def _clause(self, draws: Draws, short: bool) -> Clause:
        verb = self._intransitive.pick(draws) if short else self._verbs.pick(draws)
        frame = self.frames[verb]
        tense = TENSES[(0, 0, 0, 1, 1, 2)[draws.below(6)]]
        negated = draws.chance(15)
        if draws.chance(60 if short else 20):
            subject = NounPhrase(None, plural=draws.chance(40), definite=True)
        else:
            subject = self._noun_phrase(
                draws, frame.subject_domain, definite=80, adjective=0 if short else 30
            )
        thing = place = adverb = None
        if frame.object_domain is not None:
            domain = frame.object_domain if draws.chance(PREFERENCE_PERCENT) else draws.pick(OBJECT_DOMAINS)
            thing = self._noun_phrase(draws, domain, definite=40, adjective=30)
        if not short and draws.chance(40 if thing else 75):
            adposition = draws.pick(ADPOSITIONS)
            domain = "tool" if adposition == "with" else "place"
            place = (adposition, self._noun_phrase(draws, domain, definite=75, adjective=15))
        if draws.chance(25):
            adverb = self._adverbs.pick(draws)
        return Clause(verb, tense, negated, subject, thing, place, adverb)

    def meaning(self, draws: Draws) -> Meaning:
        """Draw one meaning."""
        first = self._clause(draws, short=False)
        if not draws.chance(15):
            return Meaning((first,))
        return Meaning((first, self._clause(draws, short=True)), draws.pick(("and", "because")))

    def skeleton(self, meaning: Meaning) -> tuple[object, ...]:
        """Return what is left of a meaning when all that some language may leave unsaid is taken away.

        Articles are dropped and concepts that may share a word are folded together: meanings with different
        skeletons look different in every language, so disjoint skeletons keep the test set out of training,
        whatever side.
        """

        def fold(concept: str | None) -> str | None:
            return None if concept is None else self._folded.get(concept, concept)

        def phrase(value: NounPhrase | None) -> tuple[object, ...] | None:
            return None if value is None else (fold(value.noun), value.plural, fold(value.adjective))

        parts: list[object] = [meaning.link]
        for clause in meaning.clauses:
            place = None if clause.place is None else (clause.place[0], phrase(clause.place[1]))
            parts.append((fold(clause.verb), clause.tense, clause.negated, phrase(clause.subject)))
            parts.append((phrase(clause.object), place, fold(clause.adverb)))
        return tuple(parts)


def _fold(pairs: list[tuple[str, str]]) -> dict[str, str]:
    folded: dict[str, str] = {}
    for first, second in pairs:
        keep, drop = folded.get(first, first), folded.get(second, second)
        folded.setdefault(first, keep)
        folded.setdefault(second, drop)
        for concept, name in folded.items():
            if name == drop:
                folded[concept] = keep
    return folded
