"""How much each unit belongs to a direction's languages, by the entropy of its activity over all languages.

The counts of a language are summed over its directions. Encoder units are compared over source languages and
decoder units over target languages; a direction's score is its source's in the encoder and its target's in
the decoder.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.directions import language_of
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.units.activity import ACTIVE, facts_in_words
from workflow_scripts.units.lape import LAMBDA, rates, scores
from workflow_scripts.units.score_table import FORMS, LAPE_LAMBDA, POSITIONS, SATURATED, ScoreTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.space import STACKS
from workflow_scripts.units.uninformative import saturated_groups

SIDES = ("source", "target")


def lape_tables(counts: ScoreTable, form: str) -> dict[str, ScoreTable]:
    """Return a table of one row for each direction, the rows of ``counts``, as ``read_scores`` has them.

    UserError: fewer than two source or target languages, a language without text, or counts that do not say
    of how many positions they are.
    """
    positions = counts.metadata.get(POSITIONS, {})
    if silent := [row for row in counts.rows if row not in positions]:
        raise UserError(
            f"{counts.origin}/{silent[0]}.npz: does not say at how many positions units were counted; count"
            " again"
        )
    values = np.zeros(counts.values.shape)
    belong = np.zeros(counts.values.shape, dtype=np.bool_)
    saturated: dict[str, dict[str, float]] = {row: {} for row in counts.rows}
    there = {group.stack for group in counts.space.groups}
    for number, (stack, side) in enumerate(zip(STACKS, SIDES, strict=True)):
        if stack not in there:
            continue
        part = counts.space.part(stacks=[stack])
        ids = counts.space.ids_of(part)
        by_language: dict[str, tuple[NDArray[np.int64], int]] = {}
        languages = [language_of(row, number) for row in counts.rows]
        for row, language, active in zip(counts.rows, languages, counts.values[:, ids], strict=True):
            before, seen = by_language.get(language, (np.zeros(len(ids), dtype=np.int64), 0))
            by_language[language] = before + active, seen + positions[row][stack]
        found, member = scores(p := rates(by_language, side), form)
        columns = [list(by_language).index(language) for language in languages]
        for row, column in zip(counts.rows, columns, strict=True):
            saturated[row] |= saturated_groups(p[:, column], 1, part)
        values[:, ids], belong[:, ids] = found[:, columns].T, member[:, columns].T
    texts = json.dumps(counts.metadata["data_sha256"], sort_keys=True)
    how = f"λ {LAMBDA}" if form == LAPE_LAMBDA else "entropy over languages"
    facts = {
        "counting": f"{form}: {how}{facts_in_words(counts.metadata)}",
        **{name: value for name, value in counts.metadata.items() if name == ACTIVE},
        "weights_sha256": counts.metadata["weights_sha256"],
        "data_sha256": hashlib.sha256(texts.encode()).hexdigest(),
    }
    tables = {}
    for number, (row, own) in enumerate(zip(counts.rows, belong, strict=True)):
        more = {SATURATED: {row: saturated[row]}} if saturated[row] else {}
        metadata = {**facts, "units_of_its_languages": int(own.sum()), **more}
        tables[row] = ScoreTable([row], values[[number]], counts.space, metadata)
    return tables


def main(argv: list[str] | None = None) -> None:
    """Write the score of every direction."""
    parser = argparse.ArgumentParser(
        description="Score units by the entropy of their activity over languages."
    )
    parser.add_argument("--activations-root", type=Path, required=True, help="folder of {direction}.npz")
    parser.add_argument("--directions", nargs="+", required=True, help="all that are compared")
    parser.add_argument("--form", choices=FORMS, required=True)
    parser.add_argument("--out-root", type=Path, required=True)
    arguments = parser.parse_args(argv)
    counts = read_scores(arguments.activations_root, arguments.directions)
    for direction, table in lape_tables(counts, arguments.form).items():
        table.write(arguments.out_root / f"{direction}.npz")
        belong, units = table.metadata["units_of_its_languages"], table.space.size
        print(f"{direction}: {belong} of {units} units belong to its languages", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
