"""Every analysis of units as jobs of a real run, which begins with a copy of the finished tiny experiment."""

import csv
import json
import math
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.system.tiny_run import ANALYSED, read, run, run_analyses
from tests.system.tiny_tables import (
    BASELINE,
    COMPARED,
    CURVES,
    EFFECTS,
    FORMS,
    HEADS,
    LANGUAGES,
    LAYERS,
    NS,
    PROBE,
    RANDOM,
    TABLES,
)
from tests.tiny_experiment import OUTSIDE, SYSTEMS, TRAINED
from workflow_scripts.config.load import load_experiment
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.workflow.plan.training_code import TRAINING_RULES
from workflow_scripts.workflow.run.running import State
from workflow_scripts.workflow.run.status import status_of
from workflow_scripts.workflow.stages import ANALYSES, jobs_of

#: One worker makes the run, and the other does not wait for it.
pytestmark = pytest.mark.together("tiny")

#: What runs: every analysis once, and what it needs that was not there. No training, no analysis of before.
JOBS = {
    "ablate_units": 1, "effect_matrix": 1, "prune_heads": 1,
    "correlate_units_seeds": 1, "correlate_units_systems": 1, "erase_correlated": 2,
    "label_toy": 1, "label_words": 3, "collect_units": 1, "fit_probes": 1, "score_by_label": 1,
    "compare_probes": 1,
    "vary_text": 2, "binarise": 4, "count_activations_en_on_text": 1, "count_activations_into_en_on_text": 1,
    "spread_scores_on_text": 1, "select_masks": 3, "compare_masks": 1, "text_control": 1, "tabulate_units": 1,
    "plot_ablation": 1, "plot_effects": 2, "plot_heads": 1, "plot_pruning": 1, "plot_probes": 1,
    "plot_correlation": 2, "plot_erasure": 2, "plot_masks": 1, "plot_tables": 1, "write_answer": 1,
}  # fmt: skip
#: Of the files that were there: the table of all mask sets, the list of all results, and the run's own.
WRITTEN_AGAIN = {"tables/units.csv", "tables/units.json", "tables/units.md", "manifest.json"}
#: Jobs that draw the tables and masks again, and the page that has the figures.
DRAWN_AGAIN = {"plot_masks", "plot_tables", "write_answer"}
#: Sentences of all that measures losses.
SENTENCES = 20


@dataclass(frozen=True)
class Analyses:
    """The folder of the run, and what it said."""

    folder: Path
    said: str

    @property
    def results(self):
        return self.folder / "results" / "tiny"

    def read(self, name):
        return read(self.results / "analysis" / f"{name}.json")

    def rows(self, name):
        with (self.results / "analysis" / f"{name}.csv").open() as handle:
            return list(csv.DictReader(handle))

    def masks(self, name):
        return MaskTable.read(self.results / f"masks/{BASELINE}/{name}.npz")


@pytest.fixture(scope="module")
def analyses(tiny_run, tmp_path_factory):
    folder = shutil.copytree(tiny_run, tmp_path_factory.mktemp("analyses") / "here", symlinks=True)
    done = run_analyses(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return Analyses(folder, done.stdout + done.stderr)


def files_of(folder):
    """Every file of results but logs, to its time and size."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    names = {path: path.relative_to(folder) for path in found}
    return {
        str(name): (path.stat().st_mtime_ns, path.stat().st_size)
        for path, name in names.items()
        if name.parts[0] not in ("logs", "benchmarks") and not name.name.startswith(".")
    }


def test_no_training_and_no_earlier_result_is_made_again(tiny_run, analyses):
    ran = Counter(re.findall(r"^(?:local)?rule (\w+):$", analyses.said, re.MULTILINE))
    assert ran == JOBS | {"all": 1}
    assert not TRAINING_RULES.keys() & ran.keys()
    before, after = files_of(tiny_run / "results" / "tiny"), files_of(analyses.results)
    assert {f"systems/{system}/s1/model.safetensors" for system in SYSTEMS} < before.keys()
    assert any(name.startswith("training/baseline/s1/") for name in before)
    drawn = [job for job in jobs_of(load_experiment(ANALYSED)) if job.stage in DRAWN_AGAIN]
    again = WRITTEN_AGAIN | {file for job in drawn for file in job.outputs if file in before}
    assert {name for name, of in before.items() if after.get(name) != of} == again


def test_every_analysis_made_its_files_and_a_second_run_has_nothing_to_do(analyses):
    experiment = load_experiment(ANALYSED)
    jobs = jobs_of(experiment)
    assert {stage.name for topic in ANALYSES for stage in topic.STAGES} <= {job.stage for job in jobs}
    for place in ("analysis", "correlation"):
        declared = {file for job in jobs for file in job.outputs if file.startswith(f"{place}/")}
        there = {path for path in (analyses.results / place).rglob("*") if path.is_file()}
        assert {str(path.relative_to(analyses.results)) for path in there} == declared
        assert all(path.stat().st_size > 0 for path in there)
    status = status_of(experiment, analyses.folder)
    assert {state for stage in status.stages for state in stage.jobs} == {State.DONE}
    assert (status.ended, status.unfinished, status.unrecorded) == ([], [], [])
    again = run(analyses.folder, "--dry-run", config="analyses.yaml")
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_their_rows_and_every_figure_is_a_number(analyses, name):
    columns, figure, expected = TABLES[name]
    rows = analyses.rows(name)
    assert Counter(tuple(row[column] for column in columns.split()) for row in rows) == Counter(expected)
    assert all(math.isfinite(float(row[figure])) for row in rows)
    for row in rows:
        assert not {"nan", "inf", "-inf"} & {cell.lower() for cell in row.values()}


def test_results_are_of_this_run_and_hold_no_number_that_json_has_not(analyses):
    def refuse(constant):
        raise ValueError(constant)

    for path in (analyses.results / "analysis").rglob("*.json"):
        found = json.loads(path.read_text(), parse_constant=refuse)
        assert found["format"].startswith("neuronspec-"), path
        table = path.with_suffix(".md")
        assert not table.exists() or table.read_text().startswith("# "), path


def test_chance_is_five_draws(analyses):
    assert analyses.read(HEADS)["draws"] == analyses.read(CURVES)["draws"] == RANDOM
    assert analyses.read(EFFECTS)["draws"] == RANDOM
    added = analyses.read(f"erase_correlated/seeds/{NS}")["added"]
    assert all(
        {name for name in of if name.startswith("random")} == {f"{r} 5%" for r in RANDOM}
        for of in added.values()
    )
    for site in analyses.read(COMPARED)["sites"].values():
        assert [len(site[form]["chance"]["draws"]) for form in (*FORMS, "svcca")] == [5] * 4


def test_the_loss_of_the_whole_model_is_one_in_all_results(analyses):
    """Heads and neurons are switched by different means, and so are one system's own masks."""
    curves = analyses.read(CURVES)["directions"]
    masked = {direction: of["full"] for direction, of in curves.items()}
    assert masked == analyses.read(HEADS)["base"]["nll"]
    assert [of["sentences"] for of in curves.values()] == [SENTENCES] * 4
    whole = {
        direction: of["full"] for direction, of in analyses.read(f"criteria/{BASELINE}")["texts"].items()
    }
    sides = analyses.read(EFFECTS)["sides"]
    for side, of in sides.items():
        for language, found in of["languages"].items():
            direction = f"en-{language}" if side == "out of en" else f"{language}-en"
            assert found["full"] == whole[direction] != masked[direction]


def test_curves_of_removed_and_kept_units_meet_at_their_ends(analyses):
    for of in analyses.read(CURVES)["directions"].values():
        every = of["all_removed"] - of["full"]
        for name in ("activations top", "activations bottom", *RANDOM):
            removed, kept = of["added"]["removed"][name], of["added"]["kept"][name]
            # At 0, 25 and 100 %: a mask that keeps all units costs exactly nothing.
            assert (removed[0], kept[2]) == (0, 0)
            assert removed[2] == kept[0] == pytest.approx(every)
            assert of["dose"][name] == {"zero": removed[1]}
            area = (0.25 * removed[1] / 2 + 0.75 * (removed[1] + removed[2]) / 2) / every
            assert of["areas"]["removed"][name] == pytest.approx(area)
        # The lowest are gone already by the system's own mask.
        assert of["added"]["removed"]["activations bottom"][1] < of["added"]["removed"]["activations top"][1]


def test_the_most_important_head_of_each_type_is_pruned(analyses):
    found = analyses.read(HEADS)
    for task, importance in found["importance"].items():
        first = {}
        for site, values in importance.items():
            stack, _, kind = site.split(".")
            best = max(range(4), key=values.__getitem__)
            first[stack, kind] = max(first.get((stack, kind), (0, "")), (values[best], f"{site}:{best}"))
        assert set(found["pruned"][task]["1"]) == {name for _, name in first.values()} and len(first) == 3
    after, base = found["matrices"]["nll"]["1"], found["base"]["nll"]
    own = sum(after[task][task] - base[task] for task in TRAINED) / 4
    (told,) = (row["mean"] for row in analyses.rows(HEADS) if row["measure"] == "own")
    assert float(told) == pytest.approx(own)


def test_effects_are_centred_by_rows_and_columns(analyses):
    found = analyses.read(EFFECTS)
    for side in found["sides"].values():
        assert side["units"] == {"5%": 2 * int(0.05 * 256)}
        for of in side["sets"].values():
            raw = np.array(of["5%"]["raw"])
            centred = raw - raw.mean(0) - raw.mean(1)[:, None] + raw.mean()
            assert np.array(of["5%"]["centred"]) == pytest.approx(centred)
            advantage = raw.trace() / 2 - (raw.sum() - raw.trace()) / 2
            assert of["5%"]["advantage"] == pytest.approx(advantage)


def test_two_rules_compare_the_same_models_alike(analyses):
    """Between seeds and between systems of a seed, each with a system that was made elsewhere."""
    place = analyses.results / "analysis"
    for one, other in (
        (f"{COMPARED}.csv", "correlate_units/systems/s1.csv"),
        (f"erase_correlated/seeds/{NS}.csv", f"erase_correlated/systems/{NS}.csv"),
    ):
        assert (place / one).read_bytes() == (place / other).read_bytes()
    found = analyses.read(COMPARED)
    assert {name: of["system"] for name, of in found["models"].items()} == {
        NS: "ns-k70",
        OUTSIDE: "continued",
    }
    # Of two models each has one partner.
    assert all(site["max"] == site["min"] for site in found["sites"].values())
    assert analyses.read(f"erase_correlated/seeds/{NS}")["removed"] == {"5%": 4 * int(0.05 * 256)}


def layers_of(table, row):
    """The units that a row keeps, by layer."""
    return dict(zip(LAYERS, map(set, map(np.flatnonzero, table.row(row).reshape(4, 256))), strict=True))


def test_overlaps_are_those_of_the_mask_files(analyses):
    masks = {
        name: {row: layers_of(analyses.masks(name), row) for row in TRAINED}
        for name in ("k70", "top25", "shuffled")
    }
    assert all(len(units) == 64 for of in masks["top25"].values() for units in of.values())

    def iou(other, row, layer):
        one, two = masks["k70"][row][layer], masks[other][row][layer]
        return len(one & two) / len(one | two)

    told = {row["layer"]: float(row["iou"]) for row in analyses.rows("compare_masks")}
    for layer in LAYERS:
        mean = sum(iou("top25", row, layer) for row in TRAINED) / 4
        assert told[layer] == pytest.approx(mean, abs=1e-6)
    for row in analyses.rows(f"text_control/{BASELINE}/k70"):
        if row["direction"] != "mean" and row["layer"] in LAYERS:
            mean = iou("shuffled", row["direction"], row["layer"])
            assert float(row["iou"]) == pytest.approx(mean, abs=1e-6)


def test_probes_read_the_labels_of_the_generated_text(analyses):
    """From the corpus's own labels through four jobs: one direction of each source language."""
    words = Counter()
    for language in ("en", *LANGUAGES):
        text = (analyses.results / f"data/labels/toy/test.{language}.conllu").read_text()
        sentences = text.split("\n\n")[:SENTENCES]
        words.update(line.split("\t")[3] for sentence in sentences for line in sentence.splitlines())
    found = analyses.read(PROBE)
    assert found["left_out"]["rare_labels"] == {label: n for label, n in words.items() if n < 20}
    labels = {label for label, n in words.items() if n >= 20}
    assert (
        found["salient"]["labels"].keys()
        == labels
        == set(analyses.read(f"score_by_label/{BASELINE}/encoder.upos")["labels"])
    )
    rows = {(row["part"], row["name"], row["measure"]): row["mean"] for row in analyses.rows(PROBE)}
    assert {name for part, name, _ in rows if part == "label"} == labels
    assert {name for part, name, _ in rows if part == "layer"} == set(LAYERS[:2])
    accuracy = rows["all layers", "", "accuracy"]
    assert float(accuracy) > float(rows["all layers", "", "majority"])
    compared = {row["measure"]: row["mean"] for row in analyses.rows("compare_probes")}
    assert compared["accuracy"] == accuracy


def test_masks_by_a_probe_keep_its_strongest_units_in_every_direction(analyses):
    table = analyses.masks("strongest")
    rows = [table.row(row) for row in TRAINED]
    assert all((row == rows[0]).all() for row in rows)
    encoder, decoder = rows[0][:512], rows[0][512:]
    assert decoder.all()
    # The fewest that hold a quarter of the weights: of equal ones it would be a quarter of the units.
    assert 0 < encoder.sum() < 512 / 4
