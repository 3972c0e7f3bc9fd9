"""Fit probes of one property on the units of one stack: what they know of it, which they are, and where.

After Dalvi et al. (2019): a linear probe with an elastic net on all layers, whose weights rank the units; the
accuracy that the top units keep; the fewest that suffice; control tasks (Hewitt and Liang 2019). Beside it
stand a probe of each layer alone and the words at which the top units are strongest. The weights are also
written as scores of units, a row a label, and each label's salient units as masks.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.layers import Penalties, layer_probes, salient_layers
from workflow_scripts.analyse.probes.matrix import columns_of
from workflow_scripts.analyse.probes.probe_tables import CSV_COLUMNS, LEAST, csv_rows, markdown
from workflow_scripts.analyse.probes.run import Outcome, Settings, run_probe
from workflow_scripts.analyse.probes.word_labels import Chosen, choose
from workflow_scripts.analyse.probes.word_scores import top_words
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.analyse.stage_options import add_tables, write_tables
from workflow_scripts.common.checked_options import at_least, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import PROBE, ScoreTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.selectors import normalise_k

FORMAT = "neuronspec-probes-1"
#: What masks of salient units do to the others: removal. Heads and residual dimensions have it anyway.
REMOVE = {"ffn": "zero"}
#: Words of a unit that are told.
WORDS_OF_A_UNIT = 8

logger = logging.getLogger(__name__)


def unit_scores(outcome: Outcome, labels: Sequence[str], words: Words, seeds: Sequence[int]) -> ScoreTable:
    """Return |weight|, the mean over splits, of each label and unit; labels that no split gives a weight are
    left out. Raises UserError if all are."""
    values = np.abs(outcome.weights).mean(axis=0)
    weighted = values.any(axis=1)
    if not weighted.any():
        raise UserError("no unit has a weight: the penalties are too large; take smaller ones for --l1")
    facts = {
        "counting": f"{PROBE}: mean |weight| over splits",
        "weights_sha256": words.facts.get("weights_sha256"),
        "data_sha256": words.facts.get("labelled_sha256"),
        "seeds": list(seeds),
    }
    rows = [label for label, there in zip(labels, weighted, strict=True) if there]
    return ScoreTable(rows, values[weighted], words.space, facts)


def salient_masks(scores: ScoreTable, percent: str) -> MaskTable:
    """Return masks that keep each label's salient units, of all layers together."""
    gate = REMOVE if "ffn" in scores.space.kinds else None
    return Selection(f"mass:{normalise_k(percent)}@model").masks(scores, gate)


def words_of_units(
    order: NDArray[np.int64], values: NDArray[np.float16], words: Words, most: int
) -> list[dict[str, Any]]:
    """Return the top units with the words at which each is farthest from its mean, by group and index."""
    found = []
    units = np.sort(order[:most], kind="stable")
    columns = dict(zip(units.tolist(), columns_of(values, units).T, strict=True))
    for unit in order[:most].tolist():
        group, index = words.space.locate(unit)
        top = top_words(columns[unit], words.forms, WORDS_OF_A_UNIT, LEAST)
        found.append({"group": group, "unit": index, "words": [vars(one) for one in top]})
    return found


def told(outcome: Outcome, salient: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the main figures, each a mean over splits; None of control tasks that were not asked for."""
    summary = outcome.facts["summary"]
    names = {
        "accuracy": "accuracy",
        "majority": "majority",
        "control": "control_all",
        "selectivity": "selectivity_all",
    }
    means = {name: summary[key]["mean"] if key in summary else None for name, key in names.items()}
    return {**means, "salient": salient["any"]["mean"], "centre": salient["centre"]["mean"]}


def fit(
    values: NDArray[np.float16],
    words: Words,
    chosen: Chosen,
    name: str,
    settings: Settings,
    most: int,
    folder: Path,
) -> tuple[dict[str, Any], Outcome]:
    """Return all that is told of a property's probes, and the probe of all layers.

    ``most``: units whose words are told. ``folder``: for a copy of the values, if it is large.
    """
    data = chosen.of(values, words, name, folder)
    logger.info(f"{name}: {len(data.y)} words, {len(data.labels)} labels, {data.units} units")
    outcome = run_probe(data, settings)
    splits = outcome.facts["splits"]
    penalties = [Penalties(one["seed"], one["probe"]["l1"], one["probe"]["l2"]) for one in splits]
    layers = layer_probes(
        data, words.space, penalties, settings.shares, settings.controls, settings.control, logger.info
    )
    salient = salient_layers(outcome.weights, data.labels, words.space, settings.salient_percent)
    facts = {
        "summary": told(outcome, salient),
        "left_out": {"rare_labels": chosen.rare, "words_without_label": chosen.unlabelled},
        "salient": salient,
        "layers": layers,
        "top_units": words_of_units(outcome.orders[0], values, words, most),
        "probe": outcome.facts,
    }
    return facts, outcome


def probed(
    values: NDArray[np.float16],
    words: Words,
    name: str,
    settings: Settings,
    *,
    seed: int,
    fewest: int,
    most: int,
    folder: Path,
) -> tuple[dict[str, Any], ScoreTable]:
    """Return what the file of a property's probes holds, which ``compare_probes`` reads, and units' scores.

    ``seed``: of the system; ``fewest``: words of a label, rarer ones are left out; ``most``, ``folder``: as
    in ``fit``. UserError as ``choose``, ``fit`` and ``unit_scores``.
    """
    chosen = choose(words, name, fewest)
    facts, outcome = fit(values, words, chosen, name, settings, most, folder)
    scores = unit_scores(outcome, chosen.labels, words, settings.seeds)
    result = {
        "format": FORMAT,
        "system": words.facts.get("system"),
        "seed": seed,
        "stack": words.facts.get("stack"),
        "property": name,
        "collected": dict(words.facts),
        "space": words.space.to_json(),
        **facts,
        "labels_without_weights": [label for label in chosen.labels if label not in scores.rows],
    }
    return result, scores


def main(argv: list[str] | None = None) -> None:
    """Fit the probes of one property and write JSON, CSV, Markdown, scores and masks."""
    parser = argparse.ArgumentParser(description="Fit probes of one property on units of one stack.")
    parser.add_argument("--values", type=Path, required=True, help=".npy of collect_units")
    parser.add_argument("--words", type=Path, required=True, help=".json of collect_units")
    parser.add_argument("--property", required=True, help="upos, Number … or language, direction, position")
    parser.add_argument("--seed", type=int, required=True, help="of the system")
    parser.add_argument("--fewest", type=int, default=20, help="words of a label; rarer ones are left out")
    parser.add_argument("--l1", type=float, nargs="+", default=[1e-3, 1e-2])
    parser.add_argument("--l2", type=float, nargs="+", default=[1e-3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the splits by sentence")
    parser.add_argument("--percents", type=float, nargs="+", default=[10.0, 15.0, 20.0])
    parser.add_argument("--draws", type=int, default=5, help="random sets of units")
    parser.add_argument("--controls", type=int, default=5, help="control tasks")
    parser.add_argument("--control", default="same", choices=("same", "uniform"))
    parser.add_argument("--salient", default="25", help="percent of a label's weights")
    parser.add_argument("--top-words", type=int, default=5, help="units whose words are told")
    parser.add_argument("--redundancy", action="store_true", help="also clusters of correlated units")
    add_tables(parser)
    parser.add_argument("--out-scores", type=Path, required=True, help=".npz, a row a label")
    parser.add_argument("--out-masks", type=Path, required=True, help=".npz, each label's salient units")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    for option, least in (("fewest", 2), ("draws", 5), ("controls", 5), ("top_words", 1)):
        at_least(option.replace("_", "-"), getattr(arguments, option), least)
    for option in ("l1", "l2", "seeds", "percents"):
        named_once(option, getattr(arguments, option))

    try:
        salient = normalise_k(arguments.salient)
    except UserError:
        raise UserError(
            f"--salient {arguments.salient}: a share of a label's weights in percent is above 0, such as 25"
        ) from None
    words = Words.read(arguments.words)
    values = read_values(arguments.values, words)
    settings = Settings(
        l1=arguments.l1,
        l2=arguments.l2,
        seeds=arguments.seeds,
        percents=arguments.percents,
        draws=arguments.draws,
        controls=arguments.controls,
        control=arguments.control,
        salient_percent=float(salient),
        redundancy=arguments.redundancy,
    )
    arguments.out_json.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=arguments.out_json.parent) as scratch:
        result, scores = probed(
            values,
            words,
            arguments.property,
            settings,
            seed=arguments.seed,
            fewest=arguments.fewest,
            most=arguments.top_words,
            folder=Path(scratch),
        )
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))
    scores.write(arguments.out_scores)
    salient_masks(scores, salient).write(arguments.out_masks)


if __name__ == "__main__":
    run_main(main)
