"""Figures: axes, names and numbers that are not those of the data."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

REPORT = "workflow_scripts/report"
TESTS = "evaluate tests/unit/report"
FIGURES = f"{TESTS}/test_figures.py"
TRAINING_SHOWN = f"{FIGURES}::test_the_training_figure_shows_each_training_and_its_directions"
SWEEP_SHOWN = f"{FIGURES}::test_the_sweep_figure_shows_gains_and_spreads_by_side"
CELLS_SHOWN = f"{TESTS}/test_plot_off_target.py::test_each_cell_stands_where_its_direction_and_system_are"

TRAINING_FIGURE: tuple[Mutant, ...] = (
    Mutant(
        "losses along the axis of updates",
        f"{REPORT}/figures/plot_training.py",
        "return [update for update, _ in curve], [loss for _, loss in curve]",
        "return [loss for _, loss in curve], [update for update, _ in curve]",
        (TRAINING_SHOWN,),
    ),
    Mutant(
        "a training's panel named as another training",
        f"{REPORT}/figures/plot_training.py",
        "axis.set_title(name)",
        "axis.set_title(next(iter(trainings)))",
        (TRAINING_SHOWN,),
    ),
    Mutant(
        "a direction's curve under the name of the mean of all",
        f"{REPORT}/figures/plot_training.py",
        "axis.plot(*_points(curves[ALL]), color=",
        "axis.plot(*_points(curves[directions[0]]), color=",
        (TRAINING_SHOWN,),
    ),
    Mutant(
        "the comparison of trainings drawn of their last directions",
        f"{REPORT}/figures/plot_training.py",
        "*_points(curves[ALL]), color=colour",
        "*_points(list(curves.values())[-1]), color=colour",
        (TRAINING_SHOWN,),
    ),
    Mutant(
        "the label of smoothed losses beside losses without smoothing",
        f"{REPORT}/figures/plot_training.py",
        "axis.set_ylabel(LABELS[column])",
        'axis.set_ylabel(LABELS["loss"])',
        (TRAINING_SHOWN, f"{FIGURES}::test_the_column_that_is_asked_for_is_drawn"),
    ),
    Mutant(
        "smoothed losses drawn where those without smoothing were asked for",
        f"{REPORT}/figures/plot_training.py",
        "read_curves(path, args.column)",
        "read_curves(path)",
        (f"{FIGURES}::test_the_column_that_is_asked_for_is_drawn",),
    ),
    Mutant(
        "the mean over directions without their tokens as weights",
        f"{REPORT}/figures/plot_training.py",
        "sum(loss * count for loss, count in here) / tokens, tokens",
        "sum(loss for loss, count in here) / len(here), tokens",
        (f"{FIGURES}::test_all_directions_are_weighted_by_tokens",),
    ),
)

SWEEP_FIGURE: tuple[Mutant, ...] = (
    Mutant(
        "gains upside down",
        f"{REPORT}/figures/plot_sweep.py",
        "axis.errorbar(ks, gains,",
        "axis.errorbar(ks, [-one for one in gains],",
        (SWEEP_SHOWN,),
    ),
    Mutant(
        "k and gain on each other's axes",
        f"{REPORT}/figures/plot_sweep.py",
        'float(row["k"]), float(row[difference]),',
        'float(row[difference]), float(row["k"]),',
        (SWEEP_SHOWN, f"{FIGURES}::test_sweep_points_are_ascending_and_only_its_own"),
    ),
    Mutant(
        "sides named as each other",
        f"{REPORT}/figures/plot_sweep.py",
        "label=side,",
        "label=SIDES[1 - SIDES.index(side)],",
        (SWEEP_SHOWN,),
    ),
    Mutant(
        "the gain over the baseline named as that over continued training",
        f"{REPORT}/figures/plot_sweep.py",
        '{"baseline_difference": "baseline", "continued_difference": "continued training"}',
        '{"baseline_difference": "continued training", "continued_difference": "baseline"}',
        (SWEEP_SHOWN,),
    ),
    Mutant(
        "the spread over seeds of the other difference",
        f"{REPORT}/figures/plot_sweep.py",
        'sd = row[f"{difference}_sd"]',
        'sd = row["baseline_difference_sd"]',
        (SWEEP_SHOWN,),
    ),
    Mutant(
        "the panels of two kinds of references with the numbers of both",
        f"{REPORT}/figures/plot_sweep.py",
        'part = [row for row in rows if row["profile"] == profile]',
        "part = list(rows)",
        (f"{FIGURES}::test_each_test_set_and_profile_has_its_own_row_of_panels",),
    ),
)

OFF_TARGET_FIGURE: tuple[Mutant, ...] = (
    Mutant(
        "off-target rates written into each other's cells",
        f"{REPORT}/figures/plot_off_target.py",
        "axis.text(x, y, cell.text",
        "axis.text(y, x, cell.text",
        (CELLS_SHOWN,),
    ),
    Mutant(
        "the references' column named as a system",
        f"{REPORT}/figures/plot_off_target.py",
        "columns = [REFERENCES, *systems]",
        "columns = [*systems, REFERENCES]",
        (CELLS_SHOWN,),
    ),
    Mutant(
        "directions named in another order than drawn",
        f"{REPORT}/figures/plot_off_target.py",
        "axis.set_yticks(range(len(cells)), list(cells), ",
        "axis.set_yticks(range(len(cells)), sorted(cells), ",
        (CELLS_SHOWN,),
    ),
    Mutant(
        "the colour of what is on target",
        f"{REPORT}/figures/plot_off_target.py",
        "math.nan if cell.rate is None else cell.rate for cell in row",
        "math.nan if cell.rate is None else 1 - cell.rate for cell in row",
        (CELLS_SHOWN,),
    ),
    Mutant(
        "the target language as the one that most of the wrong hypotheses are in",
        f"{REPORT}/figures/plot_off_target.py",
        'in one["labels"].items() if language != target}',
        'in one["labels"].items()}',
        (f"{TESTS}/test_plot_off_target.py::test_mean_over_seeds_and_the_language_of_most",),
    ),
)

MUTANTS = (*TRAINING_FIGURE, *SWEEP_FIGURE, *OFF_TARGET_FIGURE)
