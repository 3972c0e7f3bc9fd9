"""Ablation curves: the loss over how many units of a score are removed, or kept alone.

The units are those of highest score, of lowest score and random ones, of one system. Beside the curves are
the areas under them, the response to scaling and, on request, BLEU and chrF2++ along the curves.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.analyse.effects.ablation import (
    Ablated,
    Sets,
    ablate,
    by_direction,
    intervention,
    sets_of,
)
from workflow_scripts.analyse.effects.ablation_tables import (
    CSV_COLUMNS,
    csv_rows,
    markdown,
    summary,
    verdicts,
)
from workflow_scripts.analyse.effects.decoded import (
    add_translations,
    checked_tokenizers,
    decoded_scores,
    read_pairs,
)
from workflow_scripts.analyse.effects.material import (
    REPLACEMENTS,
    ZERO,
    check_made_from,
    replaced_by,
    sizes_of,
)
from workflow_scripts.analyse.losses import texts_of
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS, draw_names
from workflow_scripts.analyse.stage_options import (
    add_sample,
    add_tables,
    add_text,
    is_object_of_texts,
    write_tables,
)
from workflow_scripts.common.checked_options import at_least, json_object
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.gating import parse_gate
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import STACKS, UnitSpace
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.uninformative import ACCEPTED, check_informative

logger = logging.getLogger(__name__)


def read_tables(
    system: SystemFolder, folders: Mapping[str, str], directions: Sequence[str]
) -> dict[str, ScoreTable]:
    """Return the scores of each folder, all of the same units. UserError: scores that are missing, of another
    model, or of other units than the first."""
    tables: dict[str, ScoreTable] = {}
    for name, root in folders.items():
        table = read_scores(Path(root), directions)
        check_made_from(system, table)
        first = next(iter(tables.values()), table)
        if table.space != first.space:
            raise UserError(f"{table.origin}: scores other units than {first.origin}; analyse each by itself")
        tables[name] = table
    return tables


def uninformative(
    tables: Mapping[str, ScoreTable], size: str, stacks: Sequence[str], accept: bool
) -> dict[str, list[str]]:
    """Return what was accepted of scores that say nothing of the units that ``top:{size}`` names; UserError
    if it is not to be accepted."""
    selection = Selection(f"top:{size}", tuple(stacks))
    found = {
        name: check_informative(table, selection.masks(table).keep, selection, accept)
        for name, table in tables.items()
    }
    return {name: noted[ACCEPTED] for name, noted in found.items() if noted}


def gates_of(factors: Sequence[str]) -> list[str]:
    """Return the gate of each factor: ``scale:0.5``, of 0 ``zero``; UserError for no number, or 1."""
    gates = []
    for factor in factors:
        try:
            # The gate of a factor of 0 is called otherwise.
            gate = parse_gate(f"scale:{factor}" if factor.strip("0.") else "zero", "head")
            gates.append(gate.text)
        except UserError as error:
            raise UserError(f"--scale {factor}: {str(error).removeprefix('gate.head: ')}") from None
    return gates


def quality(
    port: Port,
    system: SystemFolder,
    direction: str,
    sets: Sets,
    means: Any,
    texts: Mapping[str, str],
    metrics: Sequence[str],
    sentences: int | None,
    tokenizer: str | None,
) -> dict[str, Any]:
    """Return the scores of translations under every row of ``sets``, ``full`` first: row → metric → score.

    ``texts``: patterns of ``sources`` and ``references``; pairs with an empty line are left out. The rest as
    ``decoded_scores``.
    """
    table = sets.masks()
    sources, references = read_pairs(texts["sources"], texts["references"], direction, sentences)
    found = decoded_scores(
        port,
        system,
        direction,
        intervention(port, table, means),
        [None, *table.rows],
        sources,
        references,
        metrics=metrics,
        tokenizer=tokenizer,
    )
    rows = {
        row: {metric: found.scores[metric][number] for metric in metrics}
        for number, row in enumerate(["full", *table.rows])
    }
    return {"sentences": len(sources), "signatures": found.signatures, "rows": rows}


def dose_of(text: str, sizes: Sequence[str], space: UnitSpace) -> str:
    """Return the size whose units are scaled; UserError for one that is not among ``sizes``."""
    (dose,) = sizes_of([text], space, "dose")
    if dose not in sizes:
        raise UserError(f"--dose {dose}: not one of --sizes ({' '.join(sizes)})")
    return dose


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description="Ablation curves of units, removed and kept.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--scores", required=True, help="JSON, name to folder of {direction}.npz")
    parser.add_argument("--sizes", nargs="+", required=True, help="units of each layer: 5%% or 12")
    parser.add_argument("--stacks", nargs="+", choices=STACKS, default=STACKS, help="whose units")
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="random sets")
    parser.add_argument("--replace", choices=REPLACEMENTS, default=ZERO, help="a removed unit's value")
    parser.add_argument("--scale", nargs="*", default=[], help="factors of the dose-response: 0.5 0 1.5")
    parser.add_argument("--dose", help="the size of the units that are scaled; default the first of --sizes")
    parser.add_argument("--accept-uninformative", action="store_true", help="take scores that say nothing")
    add_text(parser)
    add_sample(parser)
    add_translations(parser)
    add_tables(parser)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Measure the curves and write JSON, CSV and Markdown."""
    arguments = parser_of().parse_args(argv)
    log_to_stderr()
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("max-sentences", arguments.max_sentences, 1)
    folders = json_object(
        "scores",
        arguments.scores,
        {"activations": "activations/baseline/s1/valid"},
        lambda found: bool(found) and is_object_of_texts(found),
    )
    tokenizers = checked_tokenizers(arguments)
    gates = gates_of(arguments.scale)

    system = SystemFolder.read(arguments.system)
    tables = read_tables(system, folders, arguments.directions)
    space = next(iter(tables.values())).space.part(stacks=arguments.stacks)
    sizes = [*sizes_of(arguments.sizes, space)]
    accepted = uninformative(tables, sizes[0], arguments.stacks, arguments.accept_uninformative)
    dose = dose_of(arguments.dose or arguments.sizes[0], sizes, space) if gates else None
    port = load(system)
    batches_of: dict[str, Batches] = texts_of(
        port, arguments.data_bin, arguments.subset, arguments.directions, arguments.max_sentences
    )
    found: dict[str, Ablated] = {}
    translated: dict[str, Any] = {}
    pace = Pace(len(batches_of))
    for direction, batches in batches_of.items():
        sets = sets_of(tables, direction, sizes, arguments.draws, arguments.seed, arguments.stacks)
        with port.direction(direction):
            means = replaced_by(port, batches, sets.space, arguments.replace)
            found[direction] = ablate(port, sets, batches, means=means, factors=gates, dose=dose)
        if arguments.metrics:
            translated[direction] = quality(
                port,
                system,
                direction,
                sets,
                means,
                {"sources": arguments.sources, "references": arguments.references},
                arguments.metrics,
                arguments.decoded_sentences,
                tokenizers.get(direction.partition("-")[2]),
            )
        logger.info(f"{direction}: {len(sets.named)} sets | {pace.step()}")
    result: dict[str, Any] = {
        "format": "neuronspec-ablation-1",
        "system": system.system,
        "weights_sha256": system.weights_sha256,
        "scores_of_weights": next(iter(tables.values())).metadata["weights_sha256"],
        "subset": arguments.subset,
        "seed": arguments.seed,
        "replace": arguments.replace,
        "kinds": list(space.kinds),
        "stacks": list(arguments.stacks),
        "units": space.size,
        "scores": {name: str(table.metadata["counting"]) for name, table in tables.items()},
        ACCEPTED: accepted,
        "sizes": sizes,
        "shares": next(iter(found.values())).shares,
        "draws": draw_names(arguments.draws),
        "dose": {"size": dose, "gates": gates},
        "directions": by_direction(found),
        **({"translations": translated} if translated else {}),
    }
    result["summary"] = summary(result)
    result["verdicts"] = verdicts(result)
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))
    for line in result["verdicts"].values():
        logger.info(line)


if __name__ == "__main__":
    run_main(main)
