"""The whole config of an experiment, and what follows from it: directions, pairs, mask sets, systems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from workflow_scripts.config.base import (
    DirectionId,
    Language,
    Name,
    Percent,
    Section,
)
from workflow_scripts.config.coverage import uncovered
from workflow_scripts.config.sources import (
    TRAIN,
    VALID,
    FilesSource,
    MtdataSource,
    Multi30kSource,
    NtrexSource,
)
from workflow_scripts.config.toy import ToySource
from workflow_scripts.config.training import Finetune, Model, Train
from workflow_scripts.directions import pair_of, split_direction
from workflow_scripts.errors import nearest

BASELINE = "baseline"
ALL_UNITS = "all"
DIRECTIONS_OF_A_COUNT = 8
Source = Annotated[
    ToySource | FilesSource | Multi30kSource | NtrexSource | MtdataSource, Field(discriminator="type")
]


class Clean(Section):
    """Which pairs of the training text are left out, and counted in the data card; other text stays whole."""

    dedup: bool = Field(False, description="A pair that stood before; the first one stays.")
    max_words: PositiveInt | None = Field(
        None, description="Pairs with more words (between blanks) on either side; null: no limit."
    )
    max_ratio: float | None = Field(
        None, ge=1, description="Pairs with more words for one word of the other side; null: no limit."
    )


class Data(Section):
    """Text and its checks."""

    source: Source = Field(description="Where the text comes from.")
    empty_lines: Literal["error", "drop"] = Field(
        "error", description="A line with an empty side: an error, or dropped and counted."
    )
    shards: PositiveInt = Field(
        1, description="Parts of the training text in line order; each epoch reads the next one."
    )
    clean: Clean = Field(Clean(), description="Cleaning of the training text.")


class Directions(Section):
    """Which translation directions are trained, and which are only evaluated."""

    train: Literal["pivot", "all"] | list[DirectionId] = Field(
        "pivot", description="pivot: into and out of the pivot; all: every ordered pair; or a list."
    )
    evaluate_only: list[DirectionId] = Field([], description="Decoded and scored, never trained (zero-shot).")


class Subwords(Section):
    """One joint SentencePiece model and dictionary."""

    vocab_size: PositiveInt = Field(8000, description="Pieces.")
    model_type: Literal["bpe", "unigram"] = Field("bpe", description="SentencePiece model type.")
    character_coverage: float = Field(1.0, gt=0.9, le=1.0, description="Share of characters kept as pieces.")
    sample_sentences: PositiveInt = Field(10_000_000, description="Sentences drawn to train it.")
    seed: int = Field(1, ge=0, description="Seed of the draw.")


class Text(Section):
    """Processing before subwords, undone after decoding."""

    normalize_punctuation: bool = Field(False, description="Moses punctuation normalisation.")
    moses: bool = Field(
        False, description="Moses tokenisation (sacremoses; aggressive hyphens, no escaping)."
    )


class Activations(Section):
    """Counting of FFN activations on the validation set (spec 3.1)."""

    count_pads: bool = Field(
        False,
        description="Count pad positions too, as published; no direction then shares encoder passes.",
    )
    max_tokens: PositiveInt = Field(30_000, description="Padded tokens of a counting batch.")


class Masks(Section):
    """Mask sets: one for each threshold."""

    k: list[Percent] = Field(["95"], min_length=1, description="Cumulative thresholds in percent (spec 3.2).")

    @field_validator("k")
    @classmethod
    def _distinct(cls, value: list[str]) -> list[str]:
        repeated = sorted({k for k in value if value.count(k) > 1})
        if repeated:
            raise ValueError(f"two values of k are the same number: {repeated[0]}")
        return value


class System(Section):
    """A system made from the baseline."""

    masks: str = Field(
        "sweep", description="A mask set (k95, all), or sweep: one system for each k, named NAME-k95."
    )


class Decode(Section):
    """Beam search."""

    engine: Literal["ctranslate2", "fairseq"] = Field("ctranslate2", description="fairseq is the reference.")
    beam: PositiveInt = Field(5, description="Beam size.")
    length_penalty: float = Field(1.0, ge=0, description="Exponent of the length normalisation.")
    max_length: PositiveInt = Field(200, description="Longest hypothesis in subwords.")
    batch_tokens: PositiveInt = Field(4000, description="Source tokens of a decoding batch.")
    compute_type: Literal["float32", "int8", "float16"] = Field("float32", description="CTranslate2's type.")
    threads: PositiveInt = Field(1, description="CPU threads of a decoding job.")


class Evaluation(Section):
    """What is scored."""

    metrics: list[Literal["bleu", "chrf"]] = Field(
        ["bleu", "chrf"], min_length=1, description="sacrebleu's BLEU and chrF++."
    )
    testsets: list[str] | None = Field(
        None,
        min_length=1,
        description="Test sets to decode; null: all of the source. valid may be named too.",
    )
    references: list[Literal["raw", "paper"]] = Field(
        ["raw"],
        min_length=1,
        description="raw: the test set's own text; paper: rebuilt from binarised text, as published.",
    )


class Analysis(Section):
    """The positive control of masks without training, and the overlap of masks."""

    mask_control_k: Percent | None = Field(
        None, description="Loss under own, other and random masks at this k of the sweep; null: not run."
    )
    mask_control_sentences: PositiveInt = Field(300, description="Sentences of each direction.")
    overlap_k: Percent | None = Field(
        None, description="IoU of masks within and across groups at this k of the sweep; null: not run."
    )
    overlap_grouping: str = Field("family", description="The grouping compared.")
    overlap_permutations: PositiveInt = Field(10_000, description="Permutations of group labels.")


class Experiment(Section):
    """Everything a run needs to know."""

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
    masks: Masks = Field(Masks(), description="Mask sets.")
    systems: dict[Name, System] = Field(
        {"continued": System(masks="all"), "ns": System(masks="sweep")},
        description="Systems fine-tuned from the baseline, which is always there.",
    )
    decode: Decode = Field(Decode(), description="Decoding.")
    evaluation: Evaluation = Field(Evaluation(), description="Scores.")
    analysis: Analysis = Field(Analysis(), description="Analyses.")

    @model_validator(mode="after")
    def _consistent(self) -> Experiment:
        problems = list(self._problems())
        if problems:
            # One ValueError holds them all, so that a user sees every mistake at once.
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterable[str]:
        known = set(self.languages)
        for lang in sorted({x for x in self.languages if self.languages.count(x) > 1}):
            yield f"languages: {lang!r} is listed twice"
        if self.pivot is not None and self.pivot not in known:
            yield f"pivot: {self.pivot!r} is not in languages{nearest(self.pivot, known)}"
        for grouping, groups in self.groups.items():
            seen: dict[str, str] = {}
            for group, members in groups.items():
                for lang in members:
                    where = f"groups.{grouping}.{group}"
                    if lang not in known:
                        yield f"{where}: {lang!r} is not in languages{nearest(lang, known)}"
                    if lang in seen:
                        yield f"{where}: {lang!r} is already in {seen[lang]!r}"
                    seen[lang] = group
        if self.directions.train == "pivot" and self.pivot is None:
            yield "directions.train: 'pivot' needs the key pivot"
        for key, listed in (
            ("train", self.directions.train),
            ("evaluate_only", self.directions.evaluate_only),
        ):
            if isinstance(listed, list):
                yield from self._direction_problems(f"directions.{key}", listed, known)
        if not self.train_directions:
            yield "directions.train: no direction is trained"
        for direction in self.directions.evaluate_only:
            if direction in self.train_directions:
                yield f"directions.evaluate_only: {direction!r} is trained already"
        yield from self._system_problems()
        yield from self._evaluation_problems()
        yield from self._training_problems()
        if self.pivot is not None or self.directions.train != "pivot":
            yield from uncovered(self.data.source, self.languages, self.train_pairs, self.pairs)
        if isinstance(self.data.source, ToySource):
            yield from self._toy_problems(self.data.source)
        for test in self.evaluation.testsets or []:
            subsets = [name for name in self.subsets if name != TRAIN]
            if test not in subsets:
                hint = nearest(test, subsets)
                yield f"evaluation.testsets: no {test!r} in the source{hint}; it has {subsets}"
        for key in ("mask_control_k", "overlap_k"):
            k = getattr(self.analysis, key)
            if k is not None and k not in self.masks.k:
                yield f"analysis.{key}: {k} is not in masks.k ({', '.join(self.masks.k)})"
        if self.analysis.overlap_k and self.analysis.overlap_grouping not in self.groupings:
            name = self.analysis.overlap_grouping
            yield f"analysis.overlap_grouping: groups has no {name!r}{nearest(name, self.groupings)}"

    def _direction_problems(self, key: str, listed: list[str], known: set[str]) -> Iterable[str]:
        for direction in listed:
            source, target = split_direction(direction)
            for lang in (source, target):
                if lang not in known:
                    yield f"{key}: {direction!r}: {lang!r} is not in languages{nearest(lang, known)}"
            if source == target:
                yield f"{key}: {direction!r} translates a language into itself"
        for direction in sorted({d for d in listed if listed.count(d) > 1}):
            yield f"{key}: {direction!r} is listed twice"

    def _evaluation_problems(self) -> Iterable[str]:
        for key in ("metrics", "testsets", "references"):
            listed = getattr(self.evaluation, key) or []
            for name in sorted({name for name in listed if listed.count(name) > 1}):
                yield f"evaluation.{key}: {name!r} is listed twice"
        for name in sorted({"all", "direction"} & set(self.groups)):
            yield f"groups: {name!r} is a grouping that the tables make themselves; call yours otherwise"
        if self.analysis.overlap_k and self.pivot is None:
            yield "analysis.overlap_k: the overlap of masks needs the key pivot"
        if self.decode.engine == "fairseq" and self.decode.compute_type != "float32":
            yield f"decode.compute_type: the fairseq engine has float32 only, not {self.decode.compute_type}"

    def _training_problems(self) -> Iterable[str]:
        for key in ("train", "finetune"):
            settings = getattr(self, key)
            decays = settings.scheduler in ("polynomial_decay", "cosine")
            if decays and settings.warmup_updates >= settings.max_updates:
                yield (
                    f"{key}.warmup_updates: {settings.warmup_updates} is not below {key}.max_updates"
                    f" ({settings.max_updates}), which the scheduler {settings.scheduler} needs"
                )

    def _system_problems(self) -> Iterable[str]:
        names = [*self.mask_sets, "sweep"]
        spread = [f"{name}-k{k}" for name in self.sweeps for k in self.masks.k]
        for name in sorted(set(spread) & set(self.systems)):
            yield f"systems.{name}: a sweep makes a system of the same name"
        for name, system in self.systems.items():
            # Tables take the threshold of a sweep's system from its name.
            _, found, k = name.rpartition("-k")
            if found and k.replace(".", "").isdigit() and system.masks != f"k{k}":
                yield f"systems.{name}: its name says k{k}, its masks are {system.masks!r}"
        if BASELINE in self.systems:
            yield f"systems: {BASELINE!r} is always there; it is not made from itself"
        for name, system in self.systems.items():
            if system.masks not in names:
                hint = nearest(system.masks, names)
                yield f"systems.{name}.masks: no mask set {system.masks!r}{hint}; there are {names}"

    def _toy_problems(self, source: ToySource) -> Iterable[str]:
        made = [lang for langs in source.families.values() for lang in langs]
        key = "data.source.families"
        if self.pivot is None:
            yield f"{key}: the toy corpus needs the key pivot"
        for direction in self.train_directions:
            if self.pivot not in split_direction(direction):
                yield f"directions.train: only pairs with the pivot have text; {direction!r} has none"
        for lang in made:
            if lang not in self.languages:
                yield f"{key}: {lang!r} is not in languages{nearest(lang, self.languages)}"
        for lang in self.languages:
            if lang != self.pivot and lang not in made:
                yield f"{key}: language {lang!r} is in no family"
        tiers = [lang for tier in source.tiers.values() for lang in tier.languages]
        for lang in sorted(set(made) | set(tiers)):
            if tiers.count(lang) != 1 or lang not in made:
                yield f"data.source.tiers: {lang!r} must be in one family and in one tier"

    # ---- what follows from the config -------------------------------------------------------------

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
        return [f"{a}-{b}" for a in self.languages for b in self.languages if a != b]

    @property
    def evaluated_directions(self) -> list[str]:
        """All directions that are decoded and scored."""
        return self.train_directions + self.directions.evaluate_only

    @property
    def train_pairs(self) -> list[str]:
        """Pairs with training text."""
        return list(dict.fromkeys(pair_of(d) for d in self.train_directions))

    @property
    def pairs(self) -> list[str]:
        """Pairs with validation and test text."""
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
    def counted_together(self) -> dict[str, list[str]]:
        """Directions whose activations are counted by one job, by the job's name.

        They have one source language; what they share is decided by content, when they are counted. At most
        ``DIRECTIONS_OF_A_COUNT`` each, so that other cores have work too. A direction that is only
        evaluated is counted alone: adding one recounts no other.
        """
        out: dict[str, list[str]] = {}
        if self.activations.count_pads:
            return out
        for source in self.languages:
            found = [d for d in self.train_directions if split_direction(d)[0] == source]
            jobs = -(-len(found) // DIRECTIONS_OF_A_COUNT)
            for job in range(jobs if len(found) > 1 else 0):
                name = source if jobs == 1 else f"{source}_{job + 1}"
                out[name] = found[job * DIRECTIONS_OF_A_COUNT : (job + 1) * DIRECTIONS_OF_A_COUNT]
        return out

    @property
    def counted_alone(self) -> list[str]:
        """Directions whose activations are counted by a job of their own."""
        together = {direction for job in self.counted_together.values() for direction in job}
        return [direction for direction in self.evaluated_directions if direction not in together]

    @property
    def mask_sets(self) -> list[str]:
        """Names of all mask sets."""
        return [f"k{k}" for k in self.masks.k] + [ALL_UNITS]

    @property
    def finetuned(self) -> dict[str, str]:
        """Fine-tuned system to its mask set; a sweep is spread out."""
        out: dict[str, str] = {}
        for name, system in self.systems.items():
            if system.masks == "sweep":
                out.update({f"{name}-k{k}": f"k{k}" for k in self.masks.k})
            else:
                out[name] = system.masks
        return out

    @property
    def sweeps(self) -> list[str]:
        """Names of the systems that are a sweep over k: NAME of NAME-k95."""
        return [name for name, system in self.systems.items() if system.masks == "sweep"]

    @property
    def control(self) -> str | None:
        """The continued-training control: the first system that keeps every unit."""
        return next((name for name, masks in self.finetuned.items() if masks == ALL_UNITS), None)

    @property
    def all_systems(self) -> list[str]:
        """The baseline and every system made from it, in the order of the tables."""
        return [BASELINE, *self.finetuned]
