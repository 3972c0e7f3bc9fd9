"""The sections of an experiment's config: one class each, one key each field."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from workflow_scripts.config.active_rule import ActiveRule
from workflow_scripts.config.analyses.correlation import Correlation
from workflow_scripts.config.analyses.criteria import Criteria
from workflow_scripts.config.analyses.effects import Ablation, Effects
from workflow_scripts.config.analyses.heads import Heads
from workflow_scripts.config.analyses.probes import Probes
from workflow_scripts.config.analyses.similarity import Similarity
from workflow_scripts.config.analyses.strongest import Strongest
from workflow_scripts.config.base import DISTINCT, MOST_DRAWS, DirectionId, Name, Percent, Section
from workflow_scripts.config.file_source import FilesSource
from workflow_scripts.config.sources import MtdataSource, Multi30kSource, NtrexSource
from workflow_scripts.config.toy import ToySource

Source = Annotated[
    ToySource | FilesSource | Multi30kSource | NtrexSource | MtdataSource, Field(discriminator="type")
]


class Clean(Section):
    """What is mended in training text, and which pairs are left out, and counted; other text stays whole."""

    unescape: bool = Field(
        False,
        description="HTML entities (`&amp;`, `&#39;`), also such as were escaped twice, become characters.",
    )
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
    evaluate_only: Literal["all"] | list[DirectionId] = Field(
        [], description="Decoded and scored, never trained (zero-shot); all: every ordered pair not trained."
    )


class Subwords(Section):
    """One joint SentencePiece model and dictionary."""

    vocab_size: PositiveInt = Field(8000, description="Number of subwords.")
    model_type: Literal["bpe", "unigram"] = Field("bpe", description="SentencePiece model type.")
    normalization: Literal["nmt_nfkc", "nfkc", "identity"] = Field(
        "nmt_nfkc",
        description="SentencePiece's rule, which nothing undoes: nmt_nfkc makes zero-width non-joiners blanks"
        " and, like nfkc, takes apart letters of Thai, Lao, Bengali …; identity changes nothing.",
    )
    character_coverage: float = Field(1.0, ge=0.98, le=1.0, description="Share of characters kept as pieces.")
    sample_sentences: PositiveInt = Field(10_000_000, description="Sentences drawn to train it.")
    seed: int = Field(1, ge=0, description="Seed of the draw.")


class Text(Section):
    """Processing before subwords; undone after decoding, with losses: see the ceiling in the data card."""

    normalize_punctuation: bool = Field(False, description="Moses punctuation normalisation.")
    moses: bool = Field(
        False, description="Moses tokenisation (sacremoses; aggressive hyphens, no escaping)."
    )


class Activations(Section):
    """Counting of FFN activations on the validation set."""

    count_pads: bool = Field(
        False,
        description="Count pad positions too, as published; no direction then shares encoder passes.",
    )
    max_tokens: PositiveInt = Field(30_000, description="Padded tokens of a counting batch.")
    rule: ActiveRule = Field(
        "sign",
        description="When a neuron is active. sign: its activation (in a gated FFN that of its gate) is above"
        " 0; threshold:0.1: its value is further from 0 than 0.1; nonzero: its value is not 0, for ReLU"
        " only.",
    )


class Uses(Section):
    """Another experiment of the same results folder whose systems are taken, not trained again."""

    experiment: Name = Field(
        description="Name of the other experiment. Languages, text processing and model must be equal."
    )
    systems: list[Name] = Field(
        ["baseline"], min_length=1, description="Systems of it, checked by hash; baseline among them."
    )


class Decode(Section):
    """Beam search."""

    engine: Literal["ctranslate2", "fairseq", "huggingface"] = Field(
        "ctranslate2",
        description="The library that has the model is the reference: fairseq, or for attach.model"
        " huggingface.",
    )
    ranking: Literal["native", "fairseq"] | None = Field(
        None,
        description="Whose scores order CTranslate2's last beam: native, its own, or fairseq's (slower). "
        "null: fairseq's where report.published is set, else native.",
    )
    beam: PositiveInt = Field(5, description="Beam size.")
    length_penalty: float = Field(1.0, ge=0, description="Exponent of the length normalisation.")
    max_length: PositiveInt = Field(200, description="Longest hypothesis in subwords.")
    batch_tokens: PositiveInt = Field(900, description="Source tokens of a decoding batch.")
    compute_type: Literal["float32", "int8", "float16"] = Field(
        "float32", description="CTranslate2's type. int8 rounds, so some translations are others."
    )
    threads: PositiveInt = Field(1, description="CPU threads of a decoding job.")


class Stability(Section):
    """How far masks of other sentences would be the same masks."""

    masks: str = Field(description="A mask set that is selected by activations, such as k95.")
    sentences: Annotated[list[PositiveInt], DISTINCT] = Field(
        [50, 100, 200], description="Sizes of samples, in sentences; the size of the whole text is added."
    )
    draws: int = Field(
        10,
        ge=5,
        le=MOST_DRAWS,
        description="Samples of each size, drawn with replacement; all pairs are compared.",
    )


#: In the place of the section `analysis`: not one.
NO_ANALYSIS = "none"


class Analysis(Section):
    """Analyses of units and masks. `analysis: none` turns off all of them, the default one, too."""

    strongest: Strongest | None = Field(
        Strongest(),
        description="The default analysis: it runs wherever activations are counted, unless the baseline is"
        " another experiment's; written out, there, too. null: not run.",
    )
    mask_control_k: Percent | None = Field(
        None, description="Loss under own, other and random masks at this k of the sweep; null: not run."
    )
    mask_control_sentences: PositiveInt = Field(300, description="Sentences of each direction.")
    overlap_k: Percent | None = Field(
        None, description="IoU of masks within and across groups at this k of the sweep; null: not run."
    )
    overlap_grouping: str = Field("family", description="The grouping compared.")
    overlap_permutations: PositiveInt = Field(10_000, description="Permutations of group labels.")
    criteria: Criteria | None = Field(None, description="Scores of units side by side; null: not run.")
    correlation: Correlation | None = Field(
        None, description="Units of several models at the same tokens; null: not run."
    )
    probes: Probes | None = Field(None, description="Which units know a property of words; null: not run.")
    heads: Heads | None = Field(
        None, description="Pruning of the attention heads that matter to each task; null: not run."
    )
    ablation: Ablation | None = Field(
        None, description="Loss over how many units are removed, or kept alone; null: not run."
    )
    effects: Effects | None = Field(
        None, description="Loss of each language without the units of each; null: not run."
    )
    similarity: Similarity | None = Field(
        None, description="Overlap of mask sets with one another, and of languages within; null: not run."
    )
    stability: Stability | None = Field(
        None, description="IoU of masks of two samples of sentences, by the number of these; null: not run."
    )
    text_control: str | None = Field(
        None,
        description="A mask set: its IoU with sets that differ from it in their text alone; null: not run.",
    )


def without_analyses(value: Any) -> Any:
    """Return what the section `analysis` is where it says `none`; any other value as it is."""
    return {"strongest": None} if value == NO_ANALYSIS else value
