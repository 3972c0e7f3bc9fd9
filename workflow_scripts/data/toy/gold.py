"""What a toy corpus knows of each of its words, beyond part of speech and number, as CoNLL-U.

Labels are those of the meaning, whether a language marks them or not: the tense of a verb that has no ending
for it is known all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from workflow_scripts.data.toy.corpus import Corpus, Subset
from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.language import NO_NUMBER, Language, Word
from workflow_scripts.data.toy.meaning import Clause, NounPhrase
from workflow_scripts.data.toy.spec import ToySpec

#: Names of Universal Dependencies.
TENSES = {"present": "Pres", "past": "Past", "future": "Fut"}
SUBJECT, OBJECT, PLACE = "nsubj", "obj", "obl"
#: Relation of each part of speech; of nouns and pronouns it is that of their phrase.
RELATIONS = {
    "ADJ": "amod",
    "ADP": "case",
    "ADV": "advmod",
    "AUX": "aux",
    "CCONJ": "cc",
    "DET": "det",
    "PART": "neg",
    "SCONJ": "mark",
    "VERB": "pred",
}


@dataclass(frozen=True)
class GoldWord(Word):
    """A word with ``relation`` (of a noun or pronoun: nsubj, obj, obl), and where it has one with ``tense``,
    ``definite`` (Def, Ind) and ``domain`` of meaning."""

    relation: str = ""
    tense: str = ""
    definite: str = ""
    domain: str = ""

    @classmethod
    def of(cls, word: Word, **known: str) -> "GoldWord":
        """Return a word with what is known of it."""
        return cls(word.form, word.pos, word.number, **known)

    def conllu(self, number: int) -> str:
        """Return its line in CoNLL-U; ``number``: its place in the sentence, from 1."""
        count = "" if self.number == NO_NUMBER else self.number
        features = {"Definite": self.definite, "Number": count, "Tense": self.tense}
        said = "|".join(f"{name}={value}" for name, value in features.items() if value)
        relation = self.relation or RELATIONS[self.pos]
        misc = f"Domain={self.domain}" if self.domain else "_"
        return "\t".join([str(number), self.form, "_", self.pos, "_", said or "_", "_", relation, "_", misc])


@dataclass(frozen=True)
class GoldLanguage(Language):
    """A language that says of its words what they are. ``roles``: those of the phrases of the clause that is
    being rendered, by the phrase's identity."""

    roles: dict[int, str] = field(default_factory=dict)

    def _noun_phrase(self, phrase: NounPhrase, draws: Draws, is_object: bool = False) -> list[Word]:
        known = {"relation": self.roles[id(phrase)]}
        if phrase.noun is not None:
            definite = "Def" if phrase.definite else "Ind"
            known |= {"definite": definite, "domain": self.world.domain[phrase.noun]}
        words = super()._noun_phrase(phrase, draws, is_object)
        return [GoldWord.of(word, **known) if word.pos in ("NOUN", "PRON") else word for word in words]

    def _verb(self, clause: Clause, draws: Draws) -> list[Word]:
        tense = TENSES[clause.tense]
        words = super()._verb(clause, draws)
        return [GoldWord.of(word, tense=tense) if word.pos == "VERB" else word for word in words]

    def _clause(self, clause: Clause, draws: Draws) -> list[Word]:
        self.roles.clear()
        self.roles[id(clause.subject)] = SUBJECT
        if clause.object is not None:
            self.roles[id(clause.object)] = OBJECT
        if clause.place is not None:
            self.roles[id(clause.place[1])] = PLACE
        return super()._clause(clause, draws)


class GoldCorpus(Corpus):
    """A toy corpus whose words are ``GoldWord`` or, where only their part of speech is known, ``Word``."""

    def __init__(self, spec: ToySpec) -> None:
        super().__init__(spec)
        self.languages = {
            code: GoldLanguage(code, one.grammar, one.usage, one.lexicon, one.world)
            for code, one in self.languages.items()
        }

    def subset(self, name: str) -> Subset:
        """Return ``test`` or ``valid``."""
        return next(one for one in self.subsets() if one.name == name)


def conllu(sentences: list[list[Word]]) -> Iterator[str]:
    """Yield the CoNLL-U of each sentence, its blank line included."""
    for sentence in sentences:
        gold = (word if isinstance(word, GoldWord) else GoldWord.of(word) for word in sentence)
        yield "".join(f"{word.conllu(number)}\n" for number, word in enumerate(gold, start=1)) + "\n"
