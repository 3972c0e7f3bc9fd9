"""Figures of analyses where they are hardest to lay out: one of everything, many, and long names."""

import math

import pytest

from tests.figure_layout import assert_layout
from workflow_scripts.report.figures.intervals import mean_of
from workflow_scripts.report.figures.over_seeds import UNDEFINED, Chance
from workflow_scripts.report.figures.plot_ablation import Point as Ablated
from workflow_scripts.report.figures.plot_ablation import ablation_figure
from workflow_scripts.report.figures.plot_correlation import Point as Alike
from workflow_scripts.report.figures.plot_correlation import correlation_figure
from workflow_scripts.report.figures.plot_criteria import Point as Judged
from workflow_scripts.report.figures.plot_criteria import criteria_figure
from workflow_scripts.report.figures.plot_effects import Cell, effects_figure
from workflow_scripts.report.figures.plot_erasure import Point as Erased
from workflow_scripts.report.figures.plot_erasure import erasure_figure
from workflow_scripts.report.figures.plot_heads import Head, heads_figure
from workflow_scripts.report.figures.plot_probes import Point as Probed
from workflow_scripts.report.figures.plot_probes import probes_figure
from workflow_scripts.report.figures.plot_pruning import Point as Pruned
from workflow_scripts.report.figures.plot_pruning import pruning_figure
from workflow_scripts.report.figures.plot_stability import Point as Stable
from workflow_scripts.report.figures.plot_stability import stability_figure

LONG = "<b>a system & its very long name</b> " + "x" * 80
ONE, SEVERAL = mean_of([-0.25]), mean_of([0.5, 0.75, 4.0])
CHANCE, NO_CHANCE = Chance(0.25, -0.5, 1.0), Chance(math.nan, math.nan, math.nan)
SIZES = {"0%": 0.0, "0.5%": 0.005, "1%": 0.01, "12": 0.012, "50%": 0.5, "90%": 0.9, "99%": 0.99, "100%": 1.0}


def ablation(scores, sizes, value, chance=CHANCE):
    return ablation_figure(
        [
            Ablated("nll", test, f"{score} {end}", size, share, value, chance)
            for measure in ("nll",)
            for test in ("removed", "kept")
            for score in scores
            for end in ("top", "bottom")
            for size, share in sizes.items()
        ]
        + [
            Ablated("area", test, f"{score} {end}", "", math.nan, value, chance)
            for test in ("removed", "kept")
            for score in scores
            for end in ("top", "bottom")
        ]
    )


def effects(languages, raw, centred, families=()):
    found = [Cell("into en", "5%", one, two, raw, centred) for one in languages for two in languages]
    return effects_figure(found, dict(families))


def heads(layers, count, seeds):
    return heads_figure(
        [
            Head(str(seed), name, layer, head, mean_of([layer - head / 2]) if head else UNDEFINED)
            for seed in range(seeds)
            for name in ("encoder self-attention", "decoder cross-attention")
            for layer in range(layers)
            for head in range(count)
        ]
    )


def pruning(value, metrics=("nll", "bleu")):
    measures = ("own", "others", "relative")
    found = [
        Pruned(metric, measure, size, share, value, CHANCE)
        for metric in metrics
        for measure in measures
        for size, share in list(SIZES.items())[1:]
    ]
    return pruning_figure(found)


def probes(systems, layers, value):
    return probes_figure(
        [
            Probed(stack, system, "ffn", layer, measure, value)
            for stack in ("encoder", "decoder")
            for system in systems
            for layer in range(layers)
            for measure in ("accuracy", "control", "majority", "selectivity")
        ]
    )


def stability(layers, sizes):
    return stability_figure(
        [
            Stable(f"{stack}.{layer}", size, 0.5 + n / 100, 0.4, 1.0, 0.25, 1)
            for stack in ("encoder", "decoder")
            for layer in [*(f"{number}.ffn" for number in range(layers)), "mean"]
            for n, size in enumerate(sizes)
        ]
    )


def correlation(models, layers, sd):
    return correlation_figure(
        [
            Alike(name, f"{stack} ffn", str(layer), form, 0.5, sd, 3, CHANCE)
            for name in models
            for stack in ("encoder", "decoder")
            for layer in range(layers)
            for form in ("max", "svcca")
        ]
    )


def erasure(systems, sizes, value):
    return erasure_figure(
        [
            Erased(system, form, end, size, int(1000 * share), value, CHANCE)
            for system in systems
            for form in ("max", "min", "linreg")
            for end in ("top", "bottom")
            for size, share in sizes.items()
        ]
    )


def criteria(names, value):
    return criteria_figure(
        [
            Judged(name, test, measure, value, CHANCE)
            for name in names
            for test in ("removed", "kept")
            for measure in ("own", "others")
        ]
    )


MANY = [f"language_{number}" for number in range(30)]
SCORES = [f"importance_of_a_kind_{number}" for number in range(4)]
FIGURES = {
    "ablation, one seed and score": lambda: ablation(["lape"], {"0%": 0.0, "5%": 0.05, "100%": 1.0}, ONE),
    "ablation, many": lambda: ablation([*SCORES, LONG], SIZES, SEVERAL),
    "ablation, undefined": lambda: ablation(["lape"], SIZES, UNDEFINED, NO_CHANCE),
    "effects, thirty languages in families": lambda: effects(
        MANY, SEVERAL, SEVERAL, {"first": MANY[:20], "second": MANY[20:29]}
    ),
    "effects, two languages, undefined": lambda: effects(["de", LONG], ONE, UNDEFINED),
    "heads, one": lambda: heads(1, 1, 1),
    "heads, many": lambda: heads(12, 16, 1),
    "pruning, one task": lambda: pruning(UNDEFINED, ["nll"]),
    "pruning, several metrics": lambda: pruning(SEVERAL, ["nll", "bleu"]),
    "probes, one layer": lambda: probes(["baseline"], 1, ONE),
    "probes, many layers and systems": lambda: probes([LONG, *MANY[:6]], 12, SEVERAL),
    "stability, one layer, all sentences": lambda: stability(1, ["all"]),
    "stability, many": lambda: stability(12, ["10", "100", "1000", "10000", "100000", "all"]),
    "correlation, many": lambda: correlation([LONG, *MANY[:6]], 12, 0.25),
    "erasure, one size": lambda: erasure(["baseline"], {"5%": 0.05}, ONE),
    "erasure, many": lambda: erasure([LONG], {name: SIZES[name] for name in ("1%", "12", "50%")}, SEVERAL),
    "criteria, many": lambda: criteria([*SCORES, LONG], SEVERAL),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_and_no_legend_lies_on_data(name):
    assert_layout(FIGURES[name]())
