"""The section `analysis.correlation`: units of several models that read the same tokens."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from workflow_scripts.config.analyses.units import Kind, Size
from workflow_scripts.config.base import DISTINCT, MOST_DRAWS, Name, Place, Section

Between = Literal["seeds", "systems"]
Form = Literal["max", "min", "linreg", "svcca"]


class Correlation(Section):
    """Cross-model correlation: which units several trainings find, each figure with chance beside it."""

    between: Annotated[list[Between], DISTINCT] = Field(
        ["seeds"],
        min_length=1,
        description="What is compared: the seeds of each system; the systems of each seed.",
    )
    systems: Annotated[list[Name], DISTINCT] = Field(
        ["baseline"], min_length=1, description="Systems whose units are compared, through their own masks."
    )
    others: dict[Name, Place] = Field(
        {},
        description="Further models to compare with, whose units get no scores: name to the folder of a"
        " system with the same vocabulary, such as results/other/systems/baseline/s1.",
    )
    units: Annotated[list[Kind], DISTINCT] = Field(["ffn"], min_length=1, description="Kinds of units.")
    layers: Literal["same", "all"] = Field(
        "same",
        description="same: units are compared with those of the same layer; all: with those of all layers of"
        " their stack.",
    )
    forms: Annotated[list[Form], DISTINCT] = Field(
        ["max", "min", "linreg", "svcca"],
        min_length=1,
        description="MaxCorr, MinCorr, LinReg, SVCCA. max and min alone take far less time and memory.",
    )
    draws: int = Field(5, ge=5, le=MOST_DRAWS, description="Random orders of the tokens, for chance.")
    subset: str = Field("valid", description="The text: valid, or a test set.")
    sentences: PositiveInt = Field(500, ge=2, description="Sentences of each direction.")
    erase: Annotated[list[Size], DISTINCT] = Field(
        [],
        description="Sizes, such as 5% of each layer: the loss without the units of highest and of lowest"
        " score, and without random ones; empty: not run.",
    )
