"""Do two trainings find the same units? Cross-model correlation (Dalvi et al., 2019; Bau et al., 2019).

Models of one vocabulary read the same tokens. A unit's score is its correlation with the unit of another
model that is most like it (MaxCorr: in the model where that is highest; MinCorr: lowest), or how much of it
all units of another model predict in text that the regression has not seen (LinReg). SVCCA compares the
layers as a whole. Among thousands of units some are alike by chance, so each figure has chance beside it.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np

from workflow_scripts.analyse.correlation.compare import Layers, compare
from workflow_scripts.analyse.correlation.correlation_tables import CSV_COLUMNS, csv_rows, markdown
from workflow_scripts.analyse.correlation.figures import ABOVE, FORMS
from workflow_scripts.analyse.correlation.measures import RIDGE, SHARE
from workflow_scripts.analyse.correlation.reading import HELD_OUT, Text
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.analyse.stage_options import (
    add_sample,
    add_tables,
    add_text,
    is_object_of_texts,
    write_tables,
)
from workflow_scripts.common.checked_options import at_least, json_object, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.models.port import load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.score_table import CORRELATION, ScoreTable
from workflow_scripts.units.space import VALUED, UnitSpace
from workflow_scripts.units.system import SystemFolder


def check_comparable(systems: Mapping[str, SystemFolder], kinds: list[str]) -> None:
    """Refuse models that cannot be compared: one alone, the same one twice, other vocabularies or units."""
    if len(systems) < 2:
        raise UserError(
            f"--models: {', '.join(systems) or 'none'} alone; units are compared between two models at least"
        )
    (first, one), *others = systems.items()
    seen = {_made_of(one): first}
    for name, other in others:
        if (same := seen.setdefault(_made_of(other), name)) != name:
            raise UserError(
                f"--models: {same} and {name} have the same weights and masks, so that every unit is its own"
                " double; leave one out"
            )
        if differs := next(_differing(one, other), None):
            raise UserError(
                f"--models: {name} has another vocabulary ({differs}) than {first}; compare models whose"
                f" {differs.name} and languages are the same"
            )
        spaces = [system.space_of(tuple(kinds)) for system in (one, other)]
        if spaces[0] != spaces[1]:
            raise UserError(
                f"--models: {name} has other units than {first}: {spaces[0].difference(spaces[1])}; compare"
                " models of one architecture"
            )


def _made_of(system: SystemFolder) -> tuple[str, ...]:
    """The hashes of a system's weights, masks and adapters."""
    beside = {name for role, name in system.files.items() if role not in ("weights", "masks")}
    return tuple(sorted(digest for name, digest in system.sha256.items() if name not in beside))


def _differing(one: SystemFolder, other: SystemFolder) -> Iterator[Path]:
    """Yield what makes the ids of two systems those of other text."""
    # Ids are a dictionary's, whichever SentencePiece model made its pieces.
    dictionary = other.files.get("dictionary")
    for name in [dictionary] if dictionary else sorted({*one.text_files, *other.text_files}):
        if one.sha256.get(name) != other.sha256.get(name):
            yield other.folder / name
    if (one.languages, one.text.get("tags")) != (other.languages, other.text.get("tags")):
        yield other.folder / (dictionary or DESCRIPTION)


def write_scores(
    pattern: str,
    name: str,
    scores: Mapping[str, Any],
    number: int,
    space: UnitSpace,
    facts: Mapping[str, Any],
) -> None:
    """Write each form's scores of one model, ``pattern`` with its ``{form}`` and ``{model}`` filled in. A row
    for each direction, all the same: the text is of all directions together."""
    for form, values in scores.items():
        rows = [values[number]] * len(facts["directions"])
        more = {"counting": f"{CORRELATION}: {form}", "form": form, **facts}
        path = pattern.replace("{form}", form).replace("{model}", name)
        ScoreTable(facts["directions"], np.stack(rows), space, more).write(path)


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description="Units of several models at the same tokens.")
    parser.add_argument("--models", required=True, help="JSON, name to system folder")
    parser.add_argument("--others", default="{}", help="JSON, the same of models that get no scores")
    parser.add_argument("--units", nargs="+", default=["ffn"], choices=VALUED)
    parser.add_argument("--layers", choices=get_args(Layers), default="same", help="that are compared")
    parser.add_argument("--forms", nargs="+", default=list(FORMS), choices=FORMS)
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="by chance")
    add_text(parser)
    add_sample(parser)
    parser.add_argument("--out-scores", help="pattern with {form} and {model}")
    add_tables(parser)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Compare the models and write JSON, CSV, Markdown and the units' scores."""
    arguments = parser_of().parse_args(argv)
    log_to_stderr()
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("max-sentences", arguments.max_sentences, 2)
    for option in ("units", "forms", "directions"):
        named_once(option, getattr(arguments, option))
    example = {"baseline/s1": "systems/baseline/s1"}
    folders = {
        option: json_object(option, getattr(arguments, option), example, is_object_of_texts)
        for option in ("models", "others")
    }
    if both := [name for name in folders["others"] if name in folders["models"]]:
        raise UserError(f"--others: {both[0]} is one of --models, too; call it otherwise")
    systems = {name: SystemFolder.read(folder) for of in folders.values() for name, folder in of.items()}
    check_comparable(systems, arguments.units)

    ports = {name: load(system) for name, system in systems.items()}
    first = next(iter(systems.values()))
    text = Text.open(
        ports,
        arguments.data_bin,
        arguments.subset,
        arguments.directions,
        arguments.max_sentences,
        set(next(iter(ports.values())).marks),
        arguments.seed,
    )
    space = first.space_of(tuple(arguments.units))
    sites, scores = compare(text, space, arguments.layers, arguments.forms, arguments.draws, arguments.seed)
    read = {
        "directions": text.sentences,
        "held_out": HELD_OUT,
        "tokens": text.tokens,
        "tokens_sha256": text.tokens_sha256,
    }
    shared = {"subset": arguments.subset, "layers": arguments.layers, "seed": arguments.seed}
    result: dict[str, Any] = {
        "format": "neuronspec-correlation-1",
        "models": {
            name: {"system": one.system, "seed": one.seed, "weights_sha256": one.weights_sha256}
            for name, one in systems.items()
        },
        **shared,
        "units": arguments.units,
        "forms": arguments.forms,
        "draws": arguments.draws,
        "ridge": RIDGE,
        "svcca_share": SHARE,
        "above_chance": ABOVE,
        "text": read,
        "sites": sites,
    }
    for number, name in enumerate(folders["models"]) if arguments.out_scores else ():
        facts = {
            **shared,
            "directions": arguments.directions,
            "weights_sha256": systems[name].weights_sha256,
            "compared_with": {other: one.weights_sha256 for other, one in systems.items() if other != name},
            "tokens_sha256": text.tokens_sha256,
        }
        write_scores(arguments.out_scores, name, scores, number, space, facts)
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))


if __name__ == "__main__":
    run_main(main)
