"""Which figures an experiment has, and the four files of each."""

from tests.small_config import BASE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.figure_stage import drawn_at
from workflow_scripts.workflow.stage_list.report import mapped_masks, masks_drawn, tables_drawn

SETS = {
    "random": {"like": "k70", "rows": "random"},
    "top": {"select": "top:10%"},
}
SYSTEMS = {"ns": {"masks": "sweep"}, "random": {"masks": "random"}, "top": {"masks": "top"}}


def experiment(**changes):
    masks = {"k": [95, 70, 100], "sets": SETS}
    return Experiment.model_validate({**BASE, "masks": masks, "systems": SYSTEMS, **changes})


def test_maps_are_of_one_threshold_and_of_sets_that_chance_has_not_drawn():
    assert mapped_masks(experiment()) == ["k70", "top"]
    assert masks_drawn(experiment(), {}) == [
        "figures/iou_k70",
        "figures/iou_top",
        "figures/iou_by_layer",
        "figures/kept_by_layer",
    ]


def test_tables_have_figures_of_sweeps_gains_and_costs():
    one = experiment()
    gains = [f"figures/gains_{testset}" for testset in one.testsets]
    assert gains and tables_drawn(one, {}) == ["figures/sweep_ns", *gains, "figures/costs"]
    alone = experiment(systems={})
    assert tables_drawn(alone, {}) == ["figures/costs"]


def test_a_figure_is_four_files():
    declared = drawn_at("figures/off_target_{testset}")
    assert declared["files"] == {
        "png": "figures/off_target_{testset}.png",
        "pdf": "figures/off_target_{testset}.pdf",
        "csv": "figures/off_target_{testset}.csv",
        "caption": "figures/off_target_{testset}.rst",
    }
    assert declared["asked_for"] == ("png", "pdf", "csv", "caption")
    several = drawn_at(lambda experiment, wildcards: ["figures/a", "figures/b"])
    assert several["files"]["caption"](None, {}) == ["figures/a.rst", "figures/b.rst"]
