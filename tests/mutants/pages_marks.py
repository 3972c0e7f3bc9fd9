"""Marks in tables: what is bold, significant, flagged, or out of the ordinary."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

REPORT = "workflow_scripts/report"
TESTS = "evaluate tests/unit/report"

MARKS: tuple[Mutant, ...] = (
    Mutant(
        "of error rates the highest is bold",
        f"{REPORT}/tables/writing.py",
        "top = max(there) if higher_is_better(metric) else min(there)",
        "top = max(there)",
        (f"{TESTS}/test_group_tables.py::test_of_ter_the_lowest_is_bold",),
    ),
    Mutant(
        "one system alone is the best",
        f"{REPORT}/tables/writing.py",
        "if len(there) < 2:",
        "if not there:",
        (f"{TESTS}/test_group_tables.py::test_one_system_alone_is_not_the_best",),
    ),
    Mutant(
        "an average that lacks scores may be bold",
        f"{REPORT}/tables/display.py",
        "row[value] if all_there else None",
        "row[value]",
        (f"{TESTS}/test_group_tables.py::test_an_average_that_lacks_scores_is_never_the_best",),
    ),
    Mutant(
        "a dagger for the other system",
        f"{REPORT}/read/read_significance.py",
        "AGAINST_CONTROL if other == control else AGAINST_BASELINE",
        "AGAINST_BASELINE if other == control else AGAINST_CONTROL",
        (f"{TESTS}/test_significance.py::test_marks_are_of_every_seed_and_of_one_sense",),
    ),
    Mutant(
        "a dagger for a win in one seed and a loss in another",
        f"{REPORT}/read/read_significance.py",
        "len(said) == seeds and len(set(said)) == 1 and",
        "len(said) == seeds and",
        (f"{TESTS}/test_significance.py::test_marks_are_of_every_seed_and_of_one_sense",),
    ),
    Mutant(
        "a dagger although a seed was not tested",
        f"{REPORT}/read/read_significance.py",
        "if len(said) == seeds and",
        "if",
        (f"{TESTS}/test_significance.py::test_marks_are_of_every_seed_and_of_one_sense",),
    ),
    Mutant(
        "the level of outcomes is always that of sacrebleu",
        f"{REPORT}/read/read_significance.py",
        "outcome(one.difference, values[0], one.metric, level)",
        "outcome(one.difference, values[0], one.metric)",
        (
            f"{TESTS}/test_significance.py::test_outcomes_are_of_the_level_that_is_asked_for",
            f"{TESTS}/test_tabulate.py::test_the_level_of_the_command_line_is_that_of_marks",
        ),
    ),
    Mutant(
        "the level of the command line is not that of marks",
        f"{REPORT}/tables/tabulate.py",
        "plan, *names, args.level, args.allow_partial)",
        "plan, *names, DEFAULT_LEVEL, args.allow_partial)",
        (f"{TESTS}/test_tabulate.py::test_the_level_of_the_command_line_is_that_of_marks",),
    ),
    Mutant(
        "p-values corrected over all test sets at once",
        f"{REPORT}/read/read_significance.py",
        "key = (one.system, one.against, one.seed, one.testset, one.profile, one.metric)",
        "key = (one.system, one.against, one.seed, one.profile, one.metric)",
        (
            f"{TESTS}/test_significance.py::test_families_of_other_systems_test_sets_and_references_are_not_mixed",
        ),
    ),
    Mutant(
        "p-values of the bootstrap decide",
        f"{REPORT}/read/read_significance.py",
        "random = correct([one.p_randomisation for one in tests])",
        "random = correct([one.p_bootstrap for one in tests])",
        (f"{TESTS}/test_significance.py::test_the_randomisation_decides",),
    ),
    Mutant(
        "wins and losses against the control counted as against the baseline",
        f"{REPORT}/tables/significance_tables.py",
        '_grouped(records(frame), [*PLACE, "against"])',
        '_grouped(records(frame), [*PLACE, "system"])',
        (f"{TESTS}/test_significance.py::test_wins_against_each_other_stand_apart",),
    ),
    Mutant(
        "directions that a model does not know without their mark in averages",
        f"{REPORT}/tables/display.py",
        'Shown(text, is_best, FLAGGED if row["flags"] else "")',
        "Shown(text, is_best)",
        (
            f"{TESTS}/test_group_tables.py"
            "::test_averages_with_a_direction_that_the_model_does_not_know_are_marked",
        ),
    ),
    Mutant(
        "interference is called transfer",
        f"{REPORT}/tables/group_tables.py",
        'return "transfer" if (difference > 0) == higher_is_better(metric) else "interference"',
        'return "interference" if (difference > 0) == higher_is_better(metric) else "transfer"',
        (f"{TESTS}/test_interference.py::test_readings",),
    ),
    Mutant(
        "what the identifier errs by itself counts as off target",
        f"{REPORT}/tables/health_table.py",
        'value -= row["references_off_target_rate"] or 0',
        "value -= 0",
        (f"{TESTS}/test_health.py::test_what_is_out_of_the_ordinary",),
    ),
)

MUTANTS = MARKS
