"""What a reader must know before the numbers: notes at the top of every table, and on the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workflow_scripts.directions import split_direction
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER
from workflow_scripts.evaluate.scripts import Unfit, is_bleu, note_on_tokenizers
from workflow_scripts.report.ceilings import Ceilings, ceiling_notes
from workflow_scripts.report.floor import Floor, notes_on_floor
from workflow_scripts.report.scores import Plan, Reading, Score

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
    note = note_on_tokenizers(unfit, _tokenizers(reading.scores), as_option)
    return f"WARNING: {note}" if note else ""


def _tokenizers(scores: Sequence[Score]) -> dict[str, str]:
    found = {
        split_direction(score.direction)[1]: match[1]
        for score in scores
        if is_bleu(score.metric) and (match := TOKENIZER.search(score.signature))
    }
    return {target: name for target, name in found.items() if name != DEFAULT_TOKENIZER}
