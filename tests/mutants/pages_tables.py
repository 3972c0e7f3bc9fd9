"""Tables: formats, rounding, averages, marks."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

REPORT = "workflow_scripts/report"
TESTS = "evaluate tests/unit/report"
DISPLAY = f"{TESTS}/test_display.py"
FORMATS = f"{TESTS}/test_formats.py"

PAGES: tuple[Mutant, ...] = (
    Mutant(
        "a bar in a cell of a Markdown table ends the cell",
        f"{REPORT}/formats.py",
        '        return cell.replace("|", "\\\\|")\n    text',
        "        return cell\n    text",
        (f"{FORMATS}::test_a_bar_in_any_cell_of_markdown_is_no_end_of_the_cell", f"{FORMATS}::test_markdown"),
    ),
    Mutant(
        "a bar in an emphasised cell of a Markdown table ends the cell",
        f"{REPORT}/formats.py",
        'text = cell.text.replace("|", "\\\\|")',
        "text = cell.text",
        (f"{FORMATS}::test_a_bar_in_any_cell_of_markdown_is_no_end_of_the_cell",),
    ),
    Mutant(
        "a bar in the header of a Markdown table ends the cell",
        f"{REPORT}/formats.py",
        '[[cell.replace("|", "\\\\|") for cell in header], rule]',
        "[list(header), rule]",
        (f"{FORMATS}::test_a_bar_in_any_cell_of_markdown_is_no_end_of_the_cell",),
    ),
    Mutant(
        "a heading over two columns in the LaTeX table is ruled over one",
        f"{REPORT}/formats.py",
        "column += columns",
        "column += 1",
        (f"{FORMATS}::test_headings_over_several_columns",),
    ),
    Mutant(
        "LaTeX's special signs in cells as they are",
        f"{REPORT}/formats.py",
        "    if isinstance(cell, str):\n        return escaped(cell)\n    text = escaped(cell.text)",
        "    if isinstance(cell, str):\n        return cell\n    text = escaped(cell.text)",
        (f"{FORMATS}::test_latex",),
    ),
    Mutant(
        "the file of a partial table for programs does not say so",
        f"{REPORT}/formats.py",
        "table.frame.assign(partial=table.partial) if table.missing else table.frame",
        "table.frame",
        (f"{FORMATS}::test_partial_is_said_in_every_format",),
    ),
    Mutant(
        "tables of an earlier call stay beside those of this one",
        f"{REPORT}/formats.py",
        '(Path(folder) / f"{name}.{ending}").unlink(missing_ok=True)',
        '(Path(folder) / f"{name}.{ending}").is_file()',
        (f"{TESTS}/test_tabulate.py::test_tables_that_are_no_longer_asked_for_go",),
    ),
)

NUMBERS: tuple[Mutant, ...] = (
    Mutant(
        "half to even in place of half up",
        f"{REPORT}/rounding.py",
        "Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)",
        "Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_EVEN)",
        (f"{TESTS}/test_summary.py::test_rounding_is_half_up_and_once",),
    ),
    Mutant(
        "the published table's own rounding left out",
        f"{REPORT}/rounding.py",
        "Decimal(value).quantize(unit, rounding=ROUND_HALF_EVEN)",
        "Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)",
        (f"{TESTS}/test_summary.py::test_rounding_is_half_up_and_once",),
    ),
    Mutant(
        "averages of the profile paper over scores that were not rounded",
        f"{REPORT}/rounding.py",
        "    if profile != PAPER:\n        return score\n    return float(",
        "    return score\n    return float(",
        (
            f"{TESTS}/test_summary.py::test_stored_scores_have_one_decimal_in_the_profile_paper",
            f"{TESTS}/test_tabulate.py::test_rebuilt_references_have_tables_of_their_own",
        ),
    ),
    Mutant(
        "binary numbers added up in averages",
        f"{REPORT}/rounding.py",
        "float(sum(Decimal(repr(value)) for value in values) / len(values))",
        "sum(values) / len(values)",
        (f"{TESTS}/test_summary.py::test_decimal_means_and_differences_do_not_see_binary_numbers",),
    ),
    Mutant(
        "of a published average over both sides the mean over directions",
        f"{REPORT}/published.py",
        "decimal_mean([decimal_mean([own[direction] for direction in part]) for part in parts])",
        "decimal_mean([own[direction] for part in parts for direction in part])",
        (f"{TESTS}/test_published.py::test_published_averages_of_both_are_the_mean_of_two_sides",),
    ),
    Mutant(
        "our average that lacks scores compared with a published one",
        f"{REPORT}/published.py",
        "ours = cell.value if complete else",
        "ours = cell.value if cell.value.n else",
        (f"{TESTS}/test_published.py::test_an_average_of_ours_that_lacks_scores_is_not_compared",),
    ),
    Mutant(
        "the terminal does not say that scores are missing",
        f"{REPORT}/show.py",
        'f"PARTIAL, {missing} scores missing: " if missing else ""',
        '""',
        (f"{TESTS}/test_tabulate.py::test_the_terminal_counts_what_a_partial_table_lacks",),
    ),
)

MARKS: tuple[Mutant, ...] = (
    Mutant(
        "of error rates the highest is bold",
        f"{REPORT}/marks.py",
        "top = max(there) if higher_is_better(metric) else min(there)",
        "top = max(there)",
        (f"{TESTS}/test_group_tables.py::test_of_ter_the_lowest_is_bold",),
    ),
    Mutant(
        "one system alone is the best",
        f"{REPORT}/marks.py",
        "if len(there) < 2:",
        "if not there:",
        (f"{TESTS}/test_group_tables.py::test_one_system_alone_is_not_the_best",),
    ),
    Mutant(
        "an average that lacks scores may be bold",
        f"{REPORT}/display.py",
        'row[value] if row["scores"] == row["scores_expected"] else None for row in rows',
        "row[value] for row in rows",
        (f"{TESTS}/test_group_tables.py::test_an_average_that_lacks_scores_is_never_the_best",),
    ),
    Mutant(
        "a dagger for the other system",
        f"{REPORT}/significance.py",
        "AGAINST_CONTROL if other == control else AGAINST_BASELINE",
        "AGAINST_BASELINE if other == control else AGAINST_CONTROL",
        (f"{TESTS}/test_significance.py::test_marks_are_of_every_seed_and_of_one_sense",),
    ),
    Mutant(
        "a dagger for a win in one seed and a loss in another",
        f"{REPORT}/significance.py",
        "len(said) == seeds and len(set(said)) == 1 and",
        "len(said) == seeds and",
        (f"{TESTS}/test_significance.py::test_marks_are_of_every_seed_and_of_one_sense",),
    ),
    Mutant(
        "a dagger although a seed was not tested",
        f"{REPORT}/significance.py",
        "if len(said) == seeds and",
        "if",
        (f"{TESTS}/test_significance.py::test_marks_are_of_every_seed_and_of_one_sense",),
    ),
    Mutant(
        "the level of outcomes is always that of sacrebleu",
        f"{REPORT}/significance.py",
        "outcome(one.difference, holm, one.metric, level)",
        "outcome(one.difference, holm, one.metric)",
        (
            f"{TESTS}/test_significance.py::test_outcomes_are_of_the_level_that_is_asked_for",
            f"{TESTS}/test_tabulate.py::test_the_level_of_the_command_line_is_that_of_marks",
        ),
    ),
    Mutant(
        "the level of the command line is not that of marks",
        f"{REPORT}/tabulate.py",
        "plan, *names, args.level, args.allow_partial)",
        "plan, *names, DEFAULT_LEVEL, args.allow_partial)",
        (f"{TESTS}/test_tabulate.py::test_the_level_of_the_command_line_is_that_of_marks",),
    ),
    Mutant(
        "p-values corrected over all test sets at once",
        f"{REPORT}/significance.py",
        "key = (one.system, one.against, one.seed, one.testset, one.profile, one.metric)",
        "key = (one.system, one.against, one.seed, one.profile, one.metric)",
        (
            f"{TESTS}/test_significance.py::test_families_of_other_systems_test_sets_and_references_are_not_mixed",
        ),
    ),
    Mutant(
        "p-values of the bootstrap decide",
        f"{REPORT}/significance.py",
        "values = correct([one.p_randomisation for one in tests])",
        "values = correct([one.p_bootstrap for one in tests])",
        (f"{TESTS}/test_significance.py::test_the_randomisation_decides",),
    ),
    Mutant(
        "wins and losses against the control counted as against the baseline",
        f"{REPORT}/significance_tables.py",
        'records(frame), ["testset", "profile", "metric", "against"]\n    ):',
        'records(frame), ["testset", "profile", "metric", "system"]\n    ):',
        (f"{TESTS}/test_significance.py::test_wins_against_each_other_stand_apart",),
    ),
    Mutant(
        "directions that a model does not know without their mark in averages",
        f"{REPORT}/group_tables.py",
        'marks = FLAGGED if row["flags"] else ""',
        'marks = ""',
        (
            f"{TESTS}/test_group_tables.py"
            "::test_averages_with_a_direction_that_the_model_does_not_know_are_marked",
        ),
    ),
    Mutant(
        "directions that a model does not know without their mark in the summary",
        f"{REPORT}/summary_table.py",
        'Shown(text, is_best, FLAGGED if row["flags"] else "")',
        "Shown(text, is_best)",
        (
            f"{TESTS}/test_group_tables.py"
            "::test_averages_with_a_direction_that_the_model_does_not_know_are_marked",
        ),
    ),
    Mutant(
        "interference is called transfer",
        f"{REPORT}/interference.py",
        'return "transfer" if (difference > 0) == higher_is_better(metric) else "interference"',
        'return "interference" if (difference > 0) == higher_is_better(metric) else "transfer"',
        (f"{TESTS}/test_interference.py::test_readings",),
    ),
    Mutant(
        "what the identifier errs by itself counts as off target",
        f"{REPORT}/health_table.py",
        'value -= row["references_off_target_rate"] or 0',
        "value -= 0",
        (f"{TESTS}/test_health.py::test_what_is_out_of_the_ordinary",),
    ),
)

SAID: tuple[Mutant, ...] = (
    Mutant(
        "rebuilt references named as the test set's own text",
        f"{REPORT}/display.py",
        """references: {rows[0]['profile']}.\"""",
        """references: raw.\"""",
        (f"{DISPLAY}::test_signatures_and_flags_are_said_once",),
    ),
    Mutant(
        "averages without named directions left out of the summary",
        f"{REPORT}/summary_table.py",
        'if not row["without"] or row["grouping"] == ALL]',
        'if not row["without"]]',
        (f"{DISPLAY}::test_the_blocks_of_the_summary",),
    ),
    Mutant(
        "one k is called a sweep",
        f"{REPORT}/summary_table.py",
        "if len(names) > 1",
        "if len(names) > 0",
        (f"{DISPLAY}::test_the_blocks_of_the_summary",),
    ),
    Mutant(
        "a direction that lacks a seed does not say so",
        f"{REPORT}/direction_table.py",
        'text += "" if n == len(plan.seeds) else',
        'text += "" if n else',
        (f"{DISPLAY}::test_a_direction_that_lacks_a_seed_says_so",),
    ),
    Mutant(
        "daggers without their rule",
        f"{REPORT}/direction_table.py",
        "        *significance_rule(significant, display),\n",
        "",
        (f"{DISPLAY}::test_the_table_of_directions_says_what_daggers_are",),
    ),
    Mutant(
        "differences named by a column of the summary",
        f"{REPORT}/group_tables.py",
        "            name,\n            *(row[column] for column in COUNTS),",
        "            key,\n            *(row[column] for column in COUNTS),",
        (f"{TESTS}/test_group_tables.py::test_differences_name_the_system_that_they_are_to",),
    ),
)

MUTANTS = (*PAGES, *NUMBERS, *MARKS, *SAID)
