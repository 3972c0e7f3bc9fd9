"""The section `analysis.probes`: which units know a property of words."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, StringConstraints

from workflow_scripts.common.word_properties import COLUMNS, CONLLU, DERIVED
from workflow_scripts.config.analyses.units import Kind
from workflow_scripts.config.base import (
    BASELINE,
    DISTINCT,
    LANGUAGES_ONCE,
    MOST_DRAWS,
    DirectionId,
    Language,
    Name,
    Place,
    Section,
    SubsetName,
)

Property = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=100)]
Share = Annotated[float, Field(gt=0, le=100)]


class Probes(Section):
    """Probes: a linear classifier of words' properties, and the units that it needs (Dalvi et al. 2019)."""

    properties: Annotated[list[Property], DISTINCT] = Field(
        ["language", "position"],
        min_length=1,
        description="language, direction, position, suffix; of gold labels upos, xpos, deprel, lemma, and any"
        " feature or entry of MISC by its name. The toy corpus has upos, deprel, Number, Tense, Definite and"
        " Domain.",
    )
    systems: Annotated[list[Name], DISTINCT] = Field(
        [BASELINE],
        min_length=1,
        description="Systems that are probed; tables compare the baseline with the others.",
    )
    text: SubsetName | None = Field(
        None,
        description="Held-out text whose words are labelled; null: the first test set; conllu: the sentences"
        " of the files of `conllu` themselves, in the encoder.",
    )
    conllu: Annotated[dict[Language, Place], LANGUAGES_ONCE] = Field(
        {}, description="CoNLL-U file of each language that has gold labels: a sentence a line of the text."
    )
    directions: Literal["languages", "all"] | Annotated[list[DirectionId], DISTINCT] = Field(
        "languages",
        description="languages: one trained direction for each source (in the encoder) or target (in the"
        " decoder); all: every trained one; or a list.",
    )
    stacks: Annotated[list[Literal["encoder", "decoder"]], DISTINCT] = Field(
        ["encoder", "decoder"],
        min_length=1,
        description="Source words in the encoder, target words in the decoder.",
    )
    units: Annotated[list[Kind], DISTINCT] = Field(
        ["ffn"], min_length=1, description="Kinds of units; of a head the length of its output."
    )
    sentences: PositiveInt = Field(500, description="Sentences of each direction.")
    pieces: Literal["last", "first", "mean"] = Field(
        "last", description="The subword whose state a word has."
    )
    state: Literal["consumed", "predicting"] = Field(
        "consumed", description="In the decoder: the state that has read the subword, or the one before it."
    )
    fewest: int = Field(20, ge=2, description="Words of a label; rarer labels are left out, and named.")
    l1: Annotated[list[NonNegativeFloat], DISTINCT] = Field(
        [1e-3, 1e-2], min_length=1, description="Penalties on the sum of |weights| that are tried."
    )
    l2: Annotated[list[NonNegativeFloat], DISTINCT] = Field(
        [1e-3], min_length=1, description="Penalties on the sum of squared weights that are tried."
    )
    seeds: Annotated[list[int], DISTINCT] = Field(
        [1, 2, 3], min_length=1, description="Of the splits by sentence into train, dev and test."
    )
    percents: Annotated[list[Share], DISTINCT] = Field(
        [10, 15, 20], min_length=1, description="Shares of the units that are kept, or retrained."
    )
    draws: int = Field(5, ge=5, le=MOST_DRAWS, description="Random sets of units of each size.")
    controls: int = Field(
        5, ge=5, le=MOST_DRAWS, description="Control tasks: a random label for each word type."
    )
    control: Literal["same", "uniform"] = Field(
        "same", description="Labels of control tasks: as frequent as the property's, or all alike."
    )
    salient: Share = Field(25, description="Share of a label's weights that its salient units hold.")
    top_words: PositiveInt = Field(5, description="Units whose top words are listed.")
    redundancy: bool = Field(False, description="Clusters of correlated units, and one unit of each.")
    scores: bool = Field(
        False,
        description="Also scores of units without a probe (probeless, selectivity, average precision,"
        " Gaussians), and whether their rankings agree with the probe's.",
    )

    @property
    def from_conllu(self) -> bool:
        """Whether the text is that of the CoNLL-U files."""
        return self.text == CONLLU

    @property
    def gold(self) -> list[str]:
        """The properties that need gold labels."""
        return [name for name in self.properties if name not in DERIVED]

    def _mistakes(self) -> Iterator[str]:
        if self.from_conllu and not self.conllu:
            yield "text: conllu needs the key conllu, a file for each language"
        for name in self.gold:
            alike = next((one for one in (*DERIVED, *COLUMNS) if one.lower() == name.lower()), name)
            if alike != name:
                yield f"properties: {name!r} is written {alike!r}"
