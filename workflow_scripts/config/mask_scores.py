"""By which score of which units a mask set is selected."""

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.config.analyses.probes import Property
from workflow_scripts.config.base import DISTINCT, Section
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.texts import TextName
from workflow_scripts.units.score_table import CORRELATION, IMPORTANCES, OF_PROPERTY
from workflow_scripts.units.space import KINDS, Kind

#: A score that no file has, and the kind of its units.
WEIGHTS, WEIGHT = "weights", "weight"
Stack = Literal["encoder", "decoder"]
#: How units are scored, and the scores that compare languages.
Score = Literal[
    "activations",
    "magnitude",
    "lape",
    "lape_lambda",
    "importance",
    "importance_token",
    "importance_signed",
]
COMPARING = ("lape", "lape_lambda")
#: Scores that analyses find: of a property of words, and of a comparison of seeds.
Analysed = Literal["probe", "probeless", "selectivity", "average_precision", "correlation"]
ANALYSED = (*OF_PROPERTY, CORRELATION)
#: The folder of these, with a row for each direction as other scores have it.
SPREAD = "spread"
STACKS: tuple[Stack, ...] = ("encoder", "decoder")


def folder_of(score: str, kinds: Collection[str] = ("ffn",)) -> str:
    """Return the folder of a score: of importance, one for each choice of kinds of units."""
    return f"{score}/{'+'.join(one for one in KINDS if one in kinds)}" if score in IMPORTANCES else score


class Scored(Section):
    """A score of units, the text that they are scored on, and which of them there are."""

    of: Literal[Score, Analysed, "weights"] = Field(
        "activations",
        description="The score: how often a unit is active; magnitude, its mean; lape or lape_lambda, in how"
        " few languages it is active; importance (also _token and _signed), of the gradient of the"
        " loss; probe, probeless, selectivity and average_precision, of a property of words; correlation,"
        " with units of other seeds; weights, the magnitude of single weights.",
    )
    system: str | None = Field(
        None, description="Of weights: the system whose weights they are, such as one with each: direction."
    )
    property: Property | None = Field(
        None, description="Of probe and other scores of words: one of analysis.probes.properties."
    )
    form: Literal["max", "min", "linreg"] | None = Field(
        None, description="Of correlation: one of analysis.correlation.forms."
    )
    text: TextName = Field(
        VALID, description="The text on which units are scored: valid, a test set, or one of texts."
    )
    units: Annotated[list[Kind], DISTINCT] = Field(
        ["ffn"],
        min_length=1,
        description="Kinds of units. Others than ffn need of: importance, or an analysis of these units.",
    )
    stacks: Annotated[list[Stack], DISTINCT] = Field(
        list(STACKS), min_length=1, description="Where units are left out; those of another stack are kept."
    )

    def _mistakes_of_score(self) -> Iterator[str]:
        if self.of not in (*IMPORTANCES, *ANALYSED, WEIGHTS) and self.units != ["ffn"]:
            what = "activations are counted" if self.of == "activations" else f"{self.of} is known"
            need = WEIGHTS if self.units == [WEIGHT] else "importance"
            yield f"units: {what} of ffn alone; {self.units} need of: {need}"
        elif (self.of == WEIGHTS and self.units != [WEIGHT]) or (self.of != WEIGHTS and WEIGHT in self.units):
            yield f"units: of: {WEIGHTS} and units: [{WEIGHT}] go together, without others"
        if (self.of == WEIGHTS) != (self.system is not None):
            need = f"of: {WEIGHTS} needs system, the name of the system whose weights they are"
            yield need if self.system is None else f"system: goes with of: {WEIGHTS} alone; leave it out"
        if (self.of in OF_PROPERTY) != (self.property is not None):
            need = f"of: {self.of} needs property, such as upos"
            alone = f"property: goes with of: {', '.join(OF_PROPERTY)}; leave it out"
            yield need if self.property is None else alone
        if (self.of == CORRELATION) != (self.form is not None):
            need = f"of: {CORRELATION} needs form: max, min or linreg"
            yield need if self.form is None else f"form: goes with of: {CORRELATION} alone; leave it out"
        if self.of == WEIGHTS and self.text != VALID:
            yield f"text: of: {WEIGHTS} looks at no text; leave it out"

    def _folder_of_scores(self) -> str:
        if self.of in ANALYSED:
            return f"{SPREAD}/{self.of}/{self.property or self.form}"
        return folder_of(self.of, self.units)
