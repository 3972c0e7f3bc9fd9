"""A mask set of the section `masks`: which units each direction keeps."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    PositiveInt,
    StringConstraints,
    Tag,
    field_validator,
)

from workflow_scripts.common.errors import UserError
from workflow_scripts.config.attach import ForeignFile
from workflow_scripts.config.base import DISTINCT, FILE_NAME, LONGEST_NAME, MOST_DRAWS, DirectionId
from workflow_scripts.config.file_source import ONE, SEVERAL, VALID
from workflow_scripts.config.mask_scores import COMPARING, STACKS, Scored
from workflow_scripts.config.select import BySide, Select
from workflow_scripts.units.exchanges import Partners
from workflow_scripts.units.gating import DEFAULT_GATES, parse_gate
from workflow_scripts.units.mask_sets import OF_OTHERS
from workflow_scripts.units.space import Kind

#: The set that keeps every unit, and the word for one system for each k.
ALL_UNITS, SWEEP = "all", "sweep"
FAMILY = "family"
#: Gates that training, both engines and the analyses can apply.
GATES: dict[Kind, tuple[str, ...]] = {
    "ffn": ("row", "zero", "scale:0.5"),
    "head": ("zero", "scale:0.5"),
    "resid": ("zero", "scale:0.5"),
    "weight": ("zero",),
}
#: What `rows` may be, by what else each of them takes.
DRAWN, GROUPED, PAIRED, RANDOM = (
    {"random", "shuffled"},
    {"merged", "shared", "exclusive", "unshared", "union", "majority"},
    "swapped",
    "random",
)
#: Random sets that are drawn unless the config says how many: one alone proves nothing.
RANDOM_DRAWS = 5
#: How rows are made of those of another set.
Rows = Literal[
    "random", "shuffled", "swapped", "merged", "shared", "exclusive", "unshared", "union", "majority"
]
MaskSetName = Annotated[str, StringConstraints(pattern=FILE_NAME, max_length=LONGEST_NAME)]


class MaskSet(Scored):
    """Which units each direction keeps: by a score of units (`select`), or made of another set (`like`)."""

    select: Select | None = Field(
        None,
        description="mass:95: the fewest units of a layer with 95 % of its sum; top:30%; bottom:12;"
        " random:30%; all; with @type over all layers of a type together, @model over all units; with :abs by"
        " magnitude. Or four of them.",
    )
    file: ForeignFile | None = Field(
        None,
        description="Units that another program wrote: a file for each direction, with {direction} in its"
        " path, or one of lists or unit sets (docs/how-to/exchange.md). Counts need select. by: language:"
        " lists are of `languages`, sets are called as they are.",
    )
    like: MaskSetName | None = Field(None, description="The mask set whose rows these are made of.")
    rows: Rows | None = Field(
        None, description="How rows are made from those of `like`: see docs/how-to/mask-sets.md."
    )
    draws: PositiveInt | None = Field(
        None,
        le=MOST_DRAWS,
        description="Number of sets, NAME-1, NAME-2 …, of random or shuffled rows, or of a text that is"
        " drawn; null: five sets of random rows, otherwise one, NAME.",
    )
    by: Literal["language", "family"] | None = Field(
        None, description="Which rows are a group: between the same two languages or families; null: all."
    )
    rows_of: Annotated[list[DirectionId] | None, DISTINCT] = Field(
        None,
        min_length=1,
        description="Of union, shared and majority: the trained directions whose rows these are made of, such"
        " as all but a new one; null: all of the group.",
    )
    pairs: Annotated[
        Annotated[Partners, Tag(ONE)] | Annotated[dict[DirectionId, DirectionId], Tag(SEVERAL)],
        Discriminator(lambda value: ONE if isinstance(value, str) else SEVERAL),
    ] = Field(
        {},
        description="Of swapped: whose row a direction takes. all, within_family or across_families: that of"
        " such a direction of its side of the pivot, drawn so that each row is taken once.",
    )
    gate: dict[Kind, str] = Field(
        {},
        description="How a unit that is left out acts, by kind. row (of ffn the default): its row of weights"
        " is 0, its bias stays; zero (of others the default): it is removed; scale:0.5: it is multiplied.",
    )

    @field_validator("gate")
    @classmethod
    def _known_gates(cls, value: dict[Kind, str]) -> dict[Kind, str]:
        found, mistakes = {}, []
        for kind, text in value.items():
            try:
                gate = parse_gate(text, kind)
            except UserError as error:
                mistakes.append(str(error).removeprefix("gate."))
                continue
            found[kind] = gate.text
            if gate.name not in {one.partition(":")[0] for one in GATES[kind]}:
                known = ", ".join(GATES[kind])
                mistakes.append(f"{kind}: not every stage can apply {gate.text!r}; there are {known}")
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return found

    def _mistakes(self) -> Iterator[str]:
        if (self.select is None and self.file is None) == (self.like is None):
            yield (
                "give one of select (by a score of units), like (of another set's rows) and file (of another"
                " program)"
            )
        given = {key for key in self.model_fields_set if getattr(self, key) not in (None, {})}
        own = {*Scored.model_fields, "gate"}
        of_like = {"rows", "by", "pairs", "rows_of"}
        if self.file is not None:
            for key in sorted({*own, *of_like, "draws"} & given - {"by", "gate"}):
                yield f"{key}: the file says which units; leave it out"
            if self.by == FAMILY:
                yield "by: lists in a file are of directions, or with by: language of languages"
        elif self.like is None:
            for key in sorted(of_like & given):
                yield f"{key} needs like, the set whose rows these are made of"
            if self.draws is not None and self.text == VALID:
                yield "draws needs like, the set whose rows these are made of, or a text that is drawn"
        else:
            for key in sorted(own & given):
                yield f"{key} is that of like, {self.like}: leave it out"
            yield from self._mistakes_of_rows()
        yield from self._mistakes_of_score()
        if self.of in COMPARING and any(word in str(self.select) for word in ("mass:", ":abs")):
            yield f"select: {self.of} orders units, and has no sum or magnitude; take top, such as top:5%"
        if self.form == "linreg" and any(word in str(self.select) for word in ("mass:", ":abs")):
            yield "select: linreg may be below 0, and has no sum or magnitude; take top, such as top:5%"
        if others := [kind for kind in self.gate if kind not in self.units]:
            yield f"gate: there are no {others[0]} in units, but {', '.join(self.units)}"
        if isinstance(self.select, BySide) and len(self.stacks) == 1:
            yield "stacks: four selectors name both; write 'all' for the one that is kept whole"

    def _mistakes_of_rows(self) -> Iterator[str]:
        if self.rows is None:
            yield "like needs rows, such as random"
            return
        if self.draws is not None and self.rows not in DRAWN and self.partners is None:
            some = f"{', '.join(sorted(DRAWN))}, and swapped with pairs: all"
            yield f"draws: rows: {self.rows} draws nothing; there are {some}"
        if self.by is not None and self.rows not in GROUPED:
            yield f"by: rows: {self.rows} joins none; there are {', '.join(sorted(GROUPED))}"
        if self.rows_of is not None and self.rows not in OF_OTHERS:
            yield f"rows_of: rows: {self.rows} names its rows otherwise; there are {', '.join(OF_OTHERS)}"
        if self.rows == "merged" and self.by is None:
            yield "rows: merged needs by, such as language"
        if bool(self.pairs) != (self.rows == PAIRED):
            need = "rows: swapped needs pairs, such as {de-en: fr-en}, or all"
            yield "pairs: they are of rows: swapped" if self.pairs else need

    @property
    def scores(self) -> str:
        """The folder of the scores that it is selected by; of weights and files there is none."""
        return "file" if self.file is not None else self._folder_of_scores()

    @property
    def is_merged(self) -> bool:
        """Whether a direction that was not trained gets its row of this set's rows of trained ones (the
        encoder's from its source language, the decoder's into its target); else as many at random as it has
        in `like`."""
        return self.rows != RANDOM

    @property
    def is_joined(self) -> bool:
        """Whether all directions have one row, what they have in common."""
        return self.by is None and self.rows in ("union", "shared", "majority")

    @property
    def number_of_draws(self) -> int:
        """How many sets it is drawn as; 0 where it is one, of its own name."""
        return self.draws or (RANDOM_DRAWS if self.rows == "random" else 0)

    @property
    def partners(self) -> Partners | None:
        """Among which directions pairs are drawn; None where none are."""
        return self.pairs if isinstance(self.pairs, str) else None

    @property
    def is_drawn(self) -> bool:
        """Whether its stage draws, by a seed; drawn pairs are told to it."""
        return self.rows in DRAWN or "random:" in str(self.select)

    def settings(self, draw: int | None, families: dict[str, str], pivot: str | None) -> dict[str, Any]:
        """Return what the stage makes a set of, keys without a meaning left out.

        ``draw``: the number of a set that is drawn several times. ``families``: language to family, for `by:
        family`. ``pivot``: for four selectors. Pairs that are drawn are the experiment's to add.
        """
        if self.file is not None:
            return self._of_file(pivot)
        if self.select is not None:
            one = isinstance(self.select, str)
            gates = {kind: text for kind, text in self.gate.items() if text != DEFAULT_GATES[kind]}
            return {
                "select": self.select if isinstance(self.select, str) else self.select.model_dump(),
                **({} if one else {"pivot": pivot}),
                **({} if set(self.stacks) == set(STACKS) else {"stacks": self.stacks}),
                **({"gate": gates} if gates else {}),
            }
        found: dict[str, Any] = {"like": self.like, "rows": self.rows, "by": self.by}
        if self.partners is None:
            found |= {"draw": draw, "pairs": self.pairs}
        found |= {"rows_of": self.rows_of, "families": families if self.by == FAMILY else None}
        return {key: value for key, value in found.items() if value}

    def _of_file(self, pivot: str | None) -> dict[str, Any]:
        four = self.select.model_dump() if isinstance(self.select, BySide) else None
        return {
            "files": self.file,
            **({} if self.select is None else {"select": four or self.select}),
            **({} if four is None else {"pivot": pivot}),
            **({} if self.by is None else {"by": self.by}),
            **({"gate": self.gate} if self.gate else {}),
        }
