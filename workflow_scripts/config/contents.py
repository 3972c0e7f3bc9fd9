"""All sections of a config, and what follows from them of directions, text and scores."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.languages import base_code
from workflow_scripts.config.attach import AnyAttach, Attach
from workflow_scripts.config.attach_model import AttachedModel
from workflow_scripts.config.base import Language, Name, Section
from workflow_scripts.config.evaluation import Evaluation, Report
from workflow_scripts.config.export import Export
from workflow_scripts.config.file_source import TRAIN, VALID, FilePattern, FilesSource
from workflow_scripts.config.mask_list import Masks
from workflow_scripts.config.masks import FAMILY, SWEEP
from workflow_scripts.config.sections import (
    Activations,
    Analysis,
    Data,
    Decode,
    Directions,
    Subwords,
    Text,
    Uses,
    without_analyses,
)
from workflow_scripts.config.systems import System
from workflow_scripts.config.texts import CYRILLIC_TO_LATIN, SERBIAN, TextName, VariedText, spread
from workflow_scripts.config.toy import ToySource
from workflow_scripts.config.training import Finetune, Model, Train
from workflow_scripts.units.description import DEFAULT_PORT, HUGGING_FACE

DIRECTIONS_OF_A_COUNT = 8


class Contents(Section):
    """All sections of a config."""

    experiment: Name = Field(description="Name; results go to results/{experiment}/.")
    languages: list[Language] = Field(min_length=2, description="Order fixes the ids of the language tokens.")
    pivot: Language | None = Field(None, description="The language every other is paired with.")
    groups: dict[Name, dict[Name, list[Language]]] = Field(
        {}, description="Groupings of languages, such as family or tier, for tables and analyses."
    )
    directions: Directions = Field(Directions(), description="Trained and evaluated directions.")
    data: Data = Field(description="Text.")
    subwords: Subwords = Field(Subwords(), description="Subwords.")
    text: Text = Field(Text(), description="Text processing.")
    model: Model = Field(Model.model_validate({}), description="Architecture.")
    train: Train = Field(Train(), description="Baseline training and seeds.")
    finetune: Finetune = Field(Finetune(), description="Training of all fine-tuned systems.")
    activations: Activations = Field(Activations(), description="Activation counts.")
    texts: dict[TextName, VariedText] = Field(
        {},
        description="Further texts for `masks.sets` to score units on: samples, other scripts, noise.",
    )
    masks: Masks = Field(Masks(), description="Mask sets.")
    systems: dict[Name, System] = Field(
        {"continued": System(masks="all"), "ns": System(masks=SWEEP)},
        description="Systems that are made from the baseline. The baseline itself is always made.",
    )
    uses: Uses | None = Field(None, description="Systems taken from another experiment.")
    attach: AnyAttach | None = Field(
        None, description="A baseline that plain fairseq trained, or a model of the library transformers."
    )
    decode: Decode = Field(Decode(), description="Decoding.")
    evaluation: Evaluation = Field(Evaluation(), description="Scores.")
    export: Export | None = Field(None, description="Systems for others.")
    analysis: Annotated[
        Analysis, BeforeValidator(without_analyses, json_schema_input_type=Analysis | Literal["none"])
    ] = Field(Analysis(), description="Analyses; none: no analysis, not even the default one.")
    report: Report = Field(Report(), description="Tables and figures.")

    @property
    def checkpoints(self) -> Attach | None:
        """The section attach, where it is of checkpoints of fairseq."""
        return self.attach if isinstance(self.attach, Attach) else None

    @property
    def attached_model(self) -> AttachedModel | None:
        """The section attach, where it is of a model of transformers."""
        return self.attach if isinstance(self.attach, AttachedModel) else None

    @property
    def port(self) -> str:
        """Which library runs the models of all systems."""
        return self.model.port if self.attached_model is None else HUGGING_FACE

    @property
    def is_binarised(self) -> bool:
        """Whether text gets subwords and is binarised; else the model's tokenizer reads prepared text."""
        return self.port == DEFAULT_PORT

    @property
    def has_subwords(self) -> bool:
        """Whether subwords are learned, or taken with systems; else they are those of an attached model."""
        return self.attached_model is None

    @property
    def groupings(self) -> dict[str, dict[str, list[str]]]:
        """Groupings of languages: those of the toy corpus itself, and those of the key groups."""
        own = self.data.source.groupings() if isinstance(self.data.source, ToySource) else {}
        return {**own, **self.groups}

    @property
    def train_directions(self) -> list[str]:
        """Trained directions, in a fixed order: by language order, out of the pivot first."""
        rule = self.directions.train
        if isinstance(rule, list):
            return list(rule)
        others = [lang for lang in self.languages if lang != self.pivot]
        if rule == "pivot":
            return [f"{self.pivot}-{x}" for x in others] + [f"{x}-{self.pivot}" for x in others]
        return self._every_direction

    @property
    def untrained_directions(self) -> list[str]:
        """Directions that are decoded and scored, and never trained."""
        listed = self.directions.evaluate_only
        if isinstance(listed, list):
            return list(listed)
        trained = set(self.train_directions)
        return [direction for direction in self._every_direction if direction not in trained]

    @property
    def _every_direction(self) -> list[str]:
        return [f"{a}-{b}" for a in self.languages for b in self.languages if a != b]

    @property
    def evaluated_directions(self) -> list[str]:
        """All directions that are decoded and scored."""
        return self.train_directions + self.untrained_directions

    @property
    def train_pairs(self) -> list[str]:
        """Pairs with training text."""
        return list(dict.fromkeys(pair_of(d) for d in self.train_directions))

    @property
    def pairs(self) -> list[str]:
        """Pairs that are trained or evaluated."""
        return list(dict.fromkeys(pair_of(d) for d in self.evaluated_directions))

    @property
    def subsets(self) -> list[str]:
        """train, valid and the names of the source's test sets."""
        return list(self.data.source.patterns(""))

    @property
    def testsets(self) -> list[str]:
        """The sets that are decoded and scored."""
        return self.evaluation.testsets or [s for s in self.subsets if s not in (TRAIN, VALID)]

    @property
    def varied_texts(self) -> dict[str, VariedText]:
        """The texts of the key `texts` by name, one for each draw."""
        return spread(self.texts)

    def changed_languages(self, text: VariedText) -> list[str]:
        """Return the languages whose side a text's change is made to."""
        every = self.languages if text.languages is None else text.languages
        serbian = text.change == CYRILLIC_TO_LATIN and text.languages is None
        return [lang for lang in every if not serbian or base_code(lang) == SERBIAN]

    def directions_of(self, testset: str) -> list[str]:
        """Return the directions that a test set has; validation text has the trained ones, and all only
        where it is decoded."""
        source = self.data.source
        if testset == VALID and VALID not in self.testsets:
            return self.train_directions
        if isinstance(source, FilesSource) and testset in source.tests:
            return source.tests[testset].of(self.evaluated_directions)
        return self.evaluated_directions

    def target_sides(self, testset: str) -> list[str]:
        """Return what a test set has translations into: one side of a pair's text, as ``de-en.en``."""
        sides = (f"{pair_of(d)}.{split_direction(d)[1]}" for d in self.directions_of(testset))
        return list(dict.fromkeys(sides))

    @property
    def round_trips(self) -> dict[str, list[str]]:
        """Test sets with the same sides, by the name of the rule that they have."""
        every = [
            testset for testset in self.testsets if self.directions_of(testset) == self.evaluated_directions
        ]
        named = {"round_trip": every} if every else {}
        return named | {
            f"round_trip_{testset}": [testset] for testset in self.testsets if testset not in every
        }

    @property
    def scored_directions(self) -> list[str]:
        """The directions that any test set has."""
        had = {direction for testset in self.testsets for direction in self.directions_of(testset)}
        return [direction for direction in self.evaluated_directions if direction in had]

    @property
    def control_text(self) -> tuple[str, list[str]]:
        """The test set on which masks are controlled, and its trained directions: the first with the most."""
        trained = set(self.train_directions)
        had = {testset: [d for d in self.directions_of(testset) if d in trained] for testset in self.testsets}
        testset = max(had, key=lambda name: len(had[name]))
        return testset, had[testset]

    @property
    def partial_testsets(self) -> dict[str, list[str]]:
        """The directions of each test set that lacks some that another one has."""
        every = self.scored_directions
        by_set = {testset: self.directions_of(testset) for testset in self.testsets}
        return {testset: had for testset, had in by_set.items() if had != every}

    def pairs_of(self, subset: str) -> list[str]:
        """Return the pairs that a subset has text of."""
        if subset == TRAIN:
            return self.train_pairs
        return list(dict.fromkeys(pair_of(d) for d in self.directions_of(subset)))

    def sources_of(self, subset: str, pair: str, data_root: str = "") -> list[FilePattern]:
        """Return where a pair's text of a subset comes from, in order."""
        source = self.data.source
        if isinstance(source, FilesSource):
            return list(source.parts_with(subset, pair))
        return [source.patterns(data_root)[subset]]

    @property
    def source_weights(self) -> dict[str, list[float]]:
        """The weights of the sources of each pair's training text; empty where all are equal."""
        source = self.data.source
        return source.weights(self.train_pairs) if isinstance(source, FilesSource) else {}

    def empty_lines(self, subset: str) -> str:
        """What is done with lines of a subset that have an empty side: error, drop or keep."""
        chosen = {"count": "keep", "drop": "drop"}.get(self.evaluation.empty_references)
        return self.data.empty_lines if chosen is None or subset in (TRAIN, VALID) else chosen

    @property
    def all_metrics(self) -> list[str]:
        """Names of every metric, sacrebleu's first."""
        return [*self.evaluation.metrics, *(model.name for model in self.evaluation.comet)]

    @property
    def counted_together(self) -> dict[str, list[str]]:
        """Trained directions whose activations one job counts, by the job's name.

        Those from one language share its encoder (``en``), the others into one language the job's start
        (``into_en``). At most ``DIRECTIONS_OF_A_COUNT`` each, so that other cores have work too.
        """
        if self.activations.count_pads or not (self.attached_model is None or self.attached_model.shares):
            return {}
        ends = {direction: split_direction(direction) for direction in self.train_directions}
        from_one = {lang: [d for d in ends if ends[d][0] == lang] for lang in self.languages}
        # The only one from its language.
        rest = [found[0] for found in from_one.values() if len(found) == 1]
        into = {f"into_{lang}": [d for d in rest if ends[d][1] == lang] for lang in self.languages}
        out: dict[str, list[str]] = {}
        for name, found in (from_one | into).items():
            most = DIRECTIONS_OF_A_COUNT
            jobs = [found[at : at + most] for at in range(0, len(found), most)] if len(found) > 1 else []
            out |= {name if len(jobs) == 1 else f"{name}_{n}": job for n, job in enumerate(jobs, start=1)}
        return out

    @property
    def counted_alone(self) -> list[str]:
        """Trained directions whose activations are counted by a job of their own."""
        together = {direction for job in self.counted_together.values() for direction in job}
        return [direction for direction in self.train_directions if direction not in together]

    @property
    def families(self) -> dict[str, str]:
        """Language → family, by the grouping of that name."""
        return {lang: name for name, langs in self.groupings.get(FAMILY, {}).items() for lang in langs}

    @property
    def decoding(self) -> Decode:
        """The section decode, with its ranking decided: published scores are fairseq's."""
        like_published = self.report.published is not None and self.decode.engine == "ctranslate2"
        ranking = self.decode.ranking or ("fairseq" if like_published else "native")
        return self.decode.model_copy(update={"ranking": ranking})

    def decoding_by(self, engine: str) -> Decode:
        """Return the section decode for an engine; fairseq has one type and one ranking."""
        if engine == self.decode.engine:
            return self.decoding
        own = {"engine": engine, "ranking": "native", "compute_type": "float32"}
        return self.decode.model_copy(update=own)
