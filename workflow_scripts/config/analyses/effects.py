"""The sections `analysis.ablation` and `analysis.effects`: units off, and what that does to likelihoods."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from workflow_scripts.config.analyses.units import Kind, Metric, Size
from workflow_scripts.config.base import BASELINE, DISTINCT, MOST_DRAWS, Section
from workflow_scripts.config.mask_scores import STACKS, Score, Stack, folder_of
from workflow_scripts.units.score_table import IMPORTANCES

Replace = Literal["zero", "mean"]
SYSTEMS = "Systems that are analysed, by the units that the baseline's scores name."
REPLACE = "The value of a unit that is off: 0, or its mean over the text that is measured."


class Ablation(Section):
    """Curves: the loss when ever more units of a score are removed, and when they alone are kept."""

    systems: Annotated[list[str], DISTINCT] = Field([BASELINE], min_length=1, description=SYSTEMS)
    scores: Annotated[list[Score], DISTINCT] = Field(
        ["activations"], min_length=1, description="Scores of units, as `of` of a mask set has them."
    )
    units: Annotated[list[Kind], DISTINCT] = Field(
        ["ffn"], min_length=1, description="Kinds of units; importance alone is known of others than ffn."
    )
    stacks: Annotated[list[Stack], DISTINCT] = Field(
        list(STACKS), min_length=1, description="Whose units are removed."
    )
    sizes: Annotated[list[Size], DISTINCT] = Field(
        ["1%", "2%", "5%", "10%", "20%", "50%"],
        min_length=1,
        description="Points of the curves: units of each layer, shares or numbers; 0 and all are added.",
    )
    draws: int = Field(5, ge=5, le=MOST_DRAWS, description="Random sets of each size.")
    replace: Replace = Field("zero", description=REPLACE)
    scale: list[Annotated[float, Field(ge=0, le=100)]] = Field(
        [0.75, 0.5, 0.25, 0, 1.5],
        description="Factors by which the units of size `dose` are multiplied; 1 is the model itself.",
    )
    dose: Size | None = Field(None, description="One of sizes; null: the first.")
    sentences: PositiveInt = Field(300, description="Sentences of each direction.")
    metrics: Annotated[list[Metric], DISTINCT] = Field(
        [], description="Also BLEU, chrF2++ along the curves: each point is translated, which is slow."
    )
    decoded: PositiveInt = Field(100, description="Sentences of each direction that are translated.")

    def _mistakes(self) -> Iterator[str]:
        if self.units != ["ffn"] and not {*self.scores} <= {*IMPORTANCES}:
            yield f"units: {self.units} need scores: [importance], which alone is known of others than ffn"
        if self.dose is not None and self.dose not in self.sizes:
            yield f"dose: {self.dose} is not one of sizes ({', '.join(self.sizes)})"
        if 1 in self.scale:
            yield "scale: a factor of 1 changes nothing; leave it out"

    @property
    def folders(self) -> dict[str, str]:
        """Name of each score → its folder."""
        return {name: folder_of(name, self.units) for name in self.scores}


class Effects(Section):
    """The units of one language off, the loss of another, for every pair: are units causally special?"""

    systems: Annotated[list[str], DISTINCT] = Field([BASELINE], min_length=1, description=SYSTEMS)
    criteria: Annotated[list[Literal["difference", "lape"]], DISTINCT] = Field(
        ["difference", "lape"],
        min_length=1,
        description="How a language's units are chosen: difference, those active more often than in the mean"
        " of the other languages; lape, those active in few languages.",
    )
    masks: str | None = Field(
        None,
        description="A mask set of FFN neurons, such as k95: a third criterion, the units that it keeps in"
        " a language and in fewer than a third of the others; null: not.",
    )
    sizes: Annotated[list[Size], DISTINCT] = Field(
        ["1%", "5%"], min_length=1, description="Units of each layer, the same for every language."
    )
    draws: int = Field(5, ge=5, le=MOST_DRAWS, description="Random sets of each language and size.")
    replace: Replace = Field("zero", description=REPLACE)
    permutations: PositiveInt = Field(
        10_000, description="Permutations of the languages' labels; all of them if there are no more."
    )
    sentences: PositiveInt = Field(300, description="Sentences of each direction.")
