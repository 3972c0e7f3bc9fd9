"""The toy corpus as a whole: its languages, its disjoint subsets, and their sentences."""

from collections.abc import Iterator
from dataclasses import dataclass

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.toy.draws import Draws
from workflow_scripts.data.toy.language import PIVOT, Language, Word, draw_grammar, draw_usage, pivot_usage
from workflow_scripts.data.toy.lexicon import FamilyLexicon, family_lexicon
from workflow_scripts.data.toy.meaning import Meaning, World
from workflow_scripts.data.toy.spec import ToySpec

# Sentences this long in the pivot, in tokens; others are drawn again.
SHORTEST, LONGEST = 4, 12
# So many draws in a row that give nothing new mean that the concepts do not suffice for the sizes asked for.
PATIENCE = 5000


@dataclass(frozen=True)
class Subset:
    """Lines of parallel text: ``name`` is the file's stem, ``sentences[language]`` its lines."""

    name: str
    sentences: dict[str, list[list[Word]]]


class Corpus:
    """A toy corpus. ``languages`` maps code → language, the pivot first; ``families`` name → lexicon."""

    def __init__(self, spec: ToySpec) -> None:
        self.spec = spec
        self.world = World(spec.seed, spec.concepts)
        self.families: dict[str, FamilyLexicon] = {}
        self.languages: dict[str, Language] = {}
        seed, world = spec.seed, self.world
        pivot = family_lexicon(seed, f"pivot {spec.pivot}", [spec.pivot], [-1], world)
        self.families[spec.pivot] = pivot
        usage = pivot_usage(Draws(seed, "usage", spec.pivot), world, spec.ambiguity)
        self.languages[spec.pivot] = Language(spec.pivot, PIVOT, usage, pivot.members[spec.pivot], world)
        for index, (family, members) in enumerate(spec.families.items()):
            lexicons = self._lexicons(family, members)
            for position, code in enumerate(members):
                grammar = draw_grammar(Draws(seed, "grammar", family, code), index, position)
                usage = draw_usage(Draws(seed, "usage", family, code), world, spec.ambiguity)
                self.languages[code] = Language(code, grammar, usage, lexicons[code].members[code], world)

    def _lexicons(self, family: str, members: tuple[str, ...]) -> dict[str, FamilyLexicon]:
        seed = self.spec.seed
        if self.spec.share_lexicon:
            shared = family_lexicon(
                seed, f"family {family}", list(members), list(range(len(members))), self.world
            )
            self.families[family] = shared
            return dict.fromkeys(members, shared)
        own = {
            code: family_lexicon(seed, f"language {code}", [code], [position], self.world)
            for position, code in enumerate(members)
        }
        self.families.update({f"{family}.{code}": lexicon for code, lexicon in own.items()})
        return own

    def subsets(self) -> Iterator[Subset]:
        """Yield ``test`` and ``valid`` (multi-parallel), then ``train.{pair}`` of every language.

        No two test or validation sentences are alike, and none is in training in any language, not even but
        for its articles (``World.skeleton``). Training sentences are drawn for each pair.
        """
        held_out: set[tuple[object, ...]] = set()
        everyone = list(self.languages)
        for name, size in (("test", self.spec.test_size), ("valid", self.spec.valid_size)):
            meanings = self._meanings(name, size, held_out, skeletons=True)
            held_out.update(self.world.skeleton(meaning) for meaning in meanings)
            yield self._render(name, meanings, everyone)
        for code in self.spec.languages:
            name = f"train.{self.spec.pair_of(code)}"
            meanings = self._meanings(name, self.spec.train_size(code), held_out, skeletons=False)
            yield self._render(name, meanings, sorted((code, self.spec.pivot)))

    def _meanings(
        self, name: str, size: int, held_out: set[tuple[object, ...]], skeletons: bool
    ) -> list[Meaning]:
        """Draw ``size`` different meanings (``skeletons``: different skeletons) outside ``held_out``."""
        draws = Draws(self.spec.seed, "meanings", name)
        pivot = self.languages[self.spec.pivot]
        meanings: list[Meaning] = []
        seen: set[object] = set()
        failures = 0
        while len(meanings) < size:
            meaning = self.world.meaning(draws)
            skeleton = self.world.skeleton(meaning)
            key: object = skeleton if skeletons else meaning
            if skeleton in held_out or key in seen:
                failures += 1
                if failures > PATIENCE:
                    raise UserError(
                        f"toy: {self.spec.concepts} concepts give only some {len(meanings)} different "
                        f"sentences for {name}, {size} are asked for; raise toy.concepts or lower the size"
                    )
                continue
            # The length is the pivot's, which does not depend on the draws for synonyms.
            if SHORTEST <= len(pivot.render(meaning, Draws("length"))) <= LONGEST:
                failures = 0
                seen.add(key)
                meanings.append(meaning)
        return meanings

    def _render(self, name: str, meanings: list[Meaning], codes: list[str]) -> Subset:
        sentences = {}
        for code in codes:
            language, draws = self.languages[code], Draws(self.spec.seed, "synonyms", name, code)
            sentences[code] = [language.render(meaning, draws) for meaning in meanings]
        return Subset(name, sentences)
