"""Stages of the report: tables and figures."""

from decimal import Decimal

from workflow_scripts.common.table_names import (
    ALWAYS,
    CAUTIONS,
    CHOICE,
    CONTRASTIVE,
    CONTROLS,
    COSTS,
    LIKELIHOOD,
    OF_TESTS,
    PUBLISHED,
    UNIT_FORMATS,
    UNITS,
    ZERO_SHOT,
)
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.masks import ALL_UNITS
from workflow_scripts.workflow.figure_stage import drawn_at
from workflow_scripts.workflow.needed_masks import selected
from workflow_scripts.workflow.stage import Stage, Wildcards, each, once
from workflow_scripts.workflow.stage_list.models import parts_of


def tables_of(experiment: Experiment) -> list[str]:
    """Return the names of an experiment's tables, in the order in which they are written."""
    evaluation = experiment.evaluation
    asked = {
        CONTROLS: experiment.control and len(experiment.all_systems) > len((BASELINE, "the control")),
        CHOICE: chosen_sweeps(experiment),
        ZERO_SHOT: untrained(experiment),
        COSTS: experiment.masked,
        LIKELIHOOD: evaluation.likelihood,
        CONTRASTIVE: evaluation.contrastive,
        PUBLISHED: experiment.report.published,
    }
    tests = OF_TESTS if evaluation.significance else ()
    return [*ALWAYS, *tests, *(name for name, wanted in asked.items() if wanted)]


def chosen_sweeps(experiment: Experiment) -> list[str]:
    """Return the sweeps in which validation chooses a k: those with several."""
    return experiment.sweeps if len(experiment.masks.k) > 1 else []


def untrained(experiment: Experiment) -> list[str]:
    """Return the directions that are scored and were not trained."""
    trained = set(experiment.train_directions)
    return [direction for direction in experiment.scored_directions if direction not in trained]


def draws(experiment: Experiment) -> dict[str, list[str]]:
    """Return the systems of each distribution of draws, by the name that they have together; a system of one
    drawn set is a distribution of one."""
    drawn = {
        name: [name]
        for name, one in experiment.made.items()
        if one.draw is None and experiment.masks.named[one.maskset].one.is_drawn
    }
    return {**experiment.draws, **drawn}


def unit_masks(experiment: Experiment) -> dict[str, str]:
    """Return mask set → file of those whose units are tabulated; `{seed}` stays a wildcard. Single weights
    are too many to be listed."""
    own = [masks for masks in selected(experiment) if masks != ALL_UNITS]
    used = {
        experiment.masked[name]: name
        for name in experiment.used
        if "masks.npz" in parts_of(experiment, name) and experiment.made[name].system.renew is None
    }
    files = {
        masks: f"systems/{name}/s{{seed}}/masks.npz" for masks, name in used.items() if masks != ALL_UNITS
    } | {masks: f"masks/{BASELINE}/s{{seed}}/{masks}.npz" for masks in own}
    named = experiment.masks.named
    of_weights = {
        masks for masks in files if any(named[one].one.system for one in experiment.masks.chain(masks))
    }
    return {masks: file for masks, file in files.items() if masks not in of_weights}


def compared_masks(experiment: Experiment) -> list[str]:
    """Return the mask sets whose units are drawn: not those that chance has drawn, which say nothing of
    languages."""
    named = experiment.masks.named
    return [masks for masks in unit_masks(experiment) if not named[masks].one.is_drawn]


def mapped_masks(experiment: Experiment) -> list[str]:
    """Return the mask sets whose overlap is drawn as maps of languages: of the thresholds that whose overlap
    is analysed, or else the smallest, where languages differ most; and every other set."""
    every, ks = compared_masks(experiment), experiment.masks.k
    asked = experiment.analysis.overlap_k
    one = f"k{asked if asked in ks else min(ks, key=Decimal)}"
    return [masks for masks in every if masks == one or masks not in {f"k{k}" for k in ks}]


def testsets_with_gains(experiment: Experiment) -> list[str]:
    """Return the test sets that a system beside the baseline has been scored on."""
    return [
        testset
        for testset in experiment.testsets
        if any(experiment.directions_scored(name, testset) for name in experiment.masked)
    ]


def tables_drawn(experiment: Experiment, _: Wildcards) -> list[str]:
    """Return the figures of tables: of each sweep, of the gains on each test set, and of what stages cost."""
    sweeps = [f"sweep_{sweep}" for sweep in experiment.sweeps]
    gains = [f"gains_{testset}" for testset in testsets_with_gains(experiment)]
    return [f"figures/{name}" for name in (*sweeps, *gains, "costs")]


def masks_drawn(experiment: Experiment, _: Wildcards) -> list[str]:
    """Return the figures of mask sets: maps of the overlap of languages, and all sets by layer."""
    names = [*(f"iou_{masks}" for masks in mapped_masks(experiment)), "iou_by_layer", "kept_by_layer"]
    return [f"figures/{name}" for name in names]


def drawn(experiment: Experiment) -> list[str]:
    """Return the systems whose training curves can be drawn."""
    return [name for name in (BASELINE, *experiment.finetuned) if name not in experiment.taken]


STAGES = (
    Stage(
        "report.tables.tabulate",
        "evaluate",
        log="tables",
        files={
            "markdown": lambda e, _: [f"tables/{table}.md" for table in tables_of(e)],
            "csv": lambda e, _: [f"tables/{table}.csv" for table in tables_of(e)],
            "tex": lambda e, _: [f"tables/{table}.tex" for table in tables_of(e)],
            "parquet": lambda e, _: [f"tables/{table}.parquet" for table in tables_of(e)],
            "cautions": f"tables/{CAUTIONS}",
        },
        asked_for=("markdown", "csv", "tex", "parquet", "cautions"),
        jobs=once,
        local=True,
    ),
    Stage(
        "report.tables.tabulate_units",
        "text",
        log=UNITS,
        files={{"md": "markdown"}.get(form, form): f"tables/{UNITS}.{form}" for form in UNIT_FORMATS},
        asked_for=("markdown", "csv", "json"),
        jobs=lambda e: [{}] if unit_masks(e) else [],
        local=True,
    ),
    Stage(
        "report.figures.plot_training",
        "evaluate",
        log="training",
        jobs=lambda e: [{}] if drawn(e) else [],
        local=True,
        **drawn_at("figures/training"),
    ),
    Stage(
        "report.figures.plot_tables",
        "evaluate",
        log="tables",
        jobs=once,
        local=True,
        **drawn_at(tables_drawn),
    ),
    Stage(
        "report.figures.plot_masks",
        "evaluate",
        log="masks",
        jobs=lambda e: [{}] if compared_masks(e) else [],
        local=True,
        **drawn_at(masks_drawn),
    ),
    Stage(
        "report.figures.plot_off_target",
        "evaluate",
        log="{testset}",
        jobs=lambda e: each(testset=e.testsets if e.evaluation.off_target else []),
        local=True,
        **drawn_at("figures/off_target_{testset}"),
    ),
)
