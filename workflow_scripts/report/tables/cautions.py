"""What a reader must know before the numbers: systems that are not ranked, tokenizers, ceilings.

Nothing is ranked (bold, marked, won) on a side, out of the pivot or into it, where the baseline's mean BLEU
is below ``LEAST_BLEU`` or at least half of its hypotheses are empty, repeat themselves or copy their source;
without a baseline, where all systems are so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from workflow_scripts.common.directions import split_direction
from workflow_scripts.evaluate.languages.scripts import Unfit, is_bleu, note_on_tokenizers
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER
from workflow_scripts.evaluate.significance.correction import TIE
from workflow_scripts.report.read.ceilings import Ceilings, ceiling_notes
from workflow_scripts.report.read.layout import BOTH, INTO, OTHER, OUT, members, side_of
from workflow_scripts.report.read.read_scores import Plan, Reading
from workflow_scripts.report.read.read_significance import Compared, Comparison
from workflow_scripts.report.tables.table import Record
from workflow_scripts.report.tables.writing import decimal_mean, profile_title, rounded, side_title

LEAST_BLEU = 3.0  # below it a reader finds hardly a word of the reference; judged by hand
MOST_DEGENERATE = 0.5
Place = tuple[str, str, str]  # test set, profile, side


@dataclass(frozen=True)
class Floor:
    """Why nothing is ranked, by place; directions whose BLEU says nothing, and those of each side."""

    reasons: Mapping[Place, str] = field(default_factory=dict)
    void: frozenset[str] = frozenset()
    sides: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)  # of a test set

    def ranks(self, testset: str, profile: str, side: str, metric: str, direction: str = "") -> bool:
        """Return whether systems may be ranked: in one direction, or else over a side's."""
        parts = (OUT, INTO) if side == BOTH else (side,)
        if any((testset, profile, part) in self.reasons for part in parts):
            return False
        averaged = [one for part in parts for one in self.sides.get((testset, part), [])]
        directions = [direction] if direction else averaged
        return not (is_bleu(metric) and directions and self.void.issuperset(directions))


def floor_of(reading: Reading, plan: Plan, pivot: str, baseline: str) -> Floor:
    """Return where nothing is ranked, of what was read."""
    judged = [baseline] if baseline in plan.systems else plan.systems
    by_testset = {one: members(plan.directions_of(one), pivot, None) for one in plan.testsets}
    void = frozenset(direction for direction, unfit in reading.unfit.items() if unfit.is_void)
    reasons: dict[Place, str] = {}
    for testset, profile, side in product(plan.testsets, plan.profiles, (OUT, INTO, OTHER)):
        directions = by_testset[testset].get(side, [])
        found = []
        for system in judged:
            place = (testset, profile, system, directions)
            scores = [one for one in reading.scores if is_bleu(one.metric) and one.direction not in void]
            bleu = [one.score for one in scores if _is_of(vars(one), *place)]
            rows = [row for row in reading.health if _is_of(row, *place)]
            found.append(_reason(bleu, rows))
        below = [one for one in found if one is not None]
        if len(below) == len(judged):
            # Of several systems the best one's.
            reasons[testset, profile, side] = min(below)[1]
    sides = {(one, side): had for one, by_side in by_testset.items() for side, had in by_side.items()}
    return Floor(reasons, void, sides)


def _is_of(row: Record, testset: str, profile: str, system: str, directions: Sequence[str]) -> bool:
    place = (row["testset"], row["profile"], row["system"])
    return place == (testset, profile, system) and row["direction"] in directions


def _reason(bleu: Sequence[float], rows: Sequence[Record]) -> tuple[float, str] | None:
    """Return how far a system is below the floor, and in words; None where it is not."""
    if bleu and (mean := decimal_mean(bleu)) < LEAST_BLEU:
        return -mean, f"mean BLEU {rounded(mean)}"
    if rows and (share := sum(map(degenerate, rows)) / len(rows)) >= MOST_DEGENERATE:
        return share, f"{share:.0%} of the hypotheses are empty, repeat themselves or copy their source"
    return None


def degenerate(row: Record) -> float:
    """Return the share of hypotheses that are no translations of anything."""
    names = ("empty_hypotheses", "repeated_4gram_rate", "copied_source_rate")
    empty, repeated, copied = (float(row.get(name) or 0) for name in names)
    return min(1.0, empty / int(row["n"]) + repeated + copied)


def unranked(compared: Compared, floor: Floor, pivot: str) -> Compared:
    """Return the tests; where nothing is ranked, all are ties."""

    def ranks(one: Comparison) -> bool:
        side = side_of(one.direction, pivot)
        return floor.ranks(one.testset, one.profile, side, one.metric, one.direction)

    done = [one if ranks(one) else replace(one, outcome=TIE) for one in compared.comparisons]
    return replace(compared, comparisons=done)


def notes_on_floor(floor: Floor, plan: Plan, pivot: str, baseline: str, as_option: bool) -> list[str]:
    """Return what is said above every table; nothing where all may be ranked. Directions without the pivot
    have their own note: where they are not trained, little can be expected."""
    others = {place: why for place, why in floor.reasons.items() if pivot and place[2] == OTHER}
    trained = {place: why for place, why in floor.reasons.items() if place not in others}
    rule = "nothing is bold, marked as significant or counted as a win"
    notes = []
    if trained:
        known = baseline in plan.systems
        who = f"`{baseline}` is hardly trained" if known else "No system is trained to speak of"
        remedy = (
            "Look at the hypotheses, and whether files and directions are the right ones"
            if as_option
            else "Train it longer (train.max_updates); figures/training.png shows how far it came"
        )
        notes.append(
            f"WARNING: {who} ({_listed(trained, pivot)}; needed are {LEAST_BLEU:g} BLEU, and half of the "
            f"hypotheses neither empty, repeating themselves nor copied). There {rule}. {remedy}."
        )
    if others:
        notes.append(
            f"Directions without {pivot} are too bad to compare ({_listed(others, pivot)}): {rule} there."
        )
    return notes


def _listed(reasons: Mapping[Place, str], pivot: str) -> str:
    return "; ".join(
        f"{side_title(side, pivot)}, {profile_title(testset, profile)}: {why}"
        for (testset, profile, side), why in reasons.items()
    )


NO_CEILINGS = Ceilings()
TOKENIZER = re.compile(r"\|tok:([^|]*)")


def cautions(
    reading: Reading,
    plan: Plan,
    floor: Floor,
    pivot: str,
    baseline: str,
    as_option: bool = False,
    ceilings: Ceilings = NO_CEILINGS,
) -> list[str]:
    """Return the notes, the gravest first; ``as_option``: they name an option of ``evaluate_outputs``."""
    notes = [*notes_on_floor(floor, plan, pivot, baseline, as_option), _on_tokenizers(reading, as_option)]
    return [note for note in [*notes, *ceiling_notes(ceilings)] if note]


def _on_tokenizers(reading: Reading, as_option: bool) -> str:
    unfit: dict[str, Unfit] = {split_direction(d)[1]: one for d, one in reading.unfit.items()}
    own = {
        split_direction(score.direction)[1]: match[1]
        for score in reading.scores
        if is_bleu(score.metric) and (match := TOKENIZER.search(score.signature))
    }
    named = {target: name for target, name in own.items() if name != DEFAULT_TOKENIZER}
    note = note_on_tokenizers(unfit, named, as_option)
    return f"WARNING: {note}" if note else ""
