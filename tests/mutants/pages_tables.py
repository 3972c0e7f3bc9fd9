"""Tables: formats, rounding, averages, and what is said beside them."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

REPORT = "workflow_scripts/report"
TESTS = "evaluate tests/unit/report"
FIGURES = f"{TESTS}/test_figures.py"
DISPLAY = f"{TESTS}/test_display.py"
FORMATS = f"{TESTS}/test_formats.py"

PAGES: tuple[Mutant, ...] = (
    Mutant(
        "a bar in a cell of a Markdown table ends the cell",
        f"{REPORT}/tables/table.py",
        "        return plain_markdown(cell)\n    text",
        "        return cell\n    text",
        (f"{FORMATS}::test_a_bar_in_any_cell_of_markdown_is_no_end_of_the_cell", f"{FORMATS}::test_markdown"),
    ),
    Mutant(
        "a bar in an emphasised cell of a Markdown table ends the cell",
        f"{REPORT}/tables/table.py",
        "text = plain_markdown(cell.text)",
        "text = cell.text",
        (f"{FORMATS}::test_a_bar_in_any_cell_of_markdown_is_no_end_of_the_cell",),
    ),
    Mutant(
        "a bar in the header of a Markdown table ends the cell",
        f"{REPORT}/tables/table.py",
        "[[plain_markdown(cell) for cell in header], rule]",
        "[list(header), rule]",
        (f"{FORMATS}::test_a_bar_in_any_cell_of_markdown_is_no_end_of_the_cell",),
    ),
    Mutant(
        "a heading over two columns in the LaTeX table is ruled over one",
        f"{REPORT}/tables/table.py",
        "column += columns",
        "column += 1",
        (f"{FORMATS}::test_headings_over_several_columns",),
    ),
    Mutant(
        "LaTeX's special signs in cells as they are",
        f"{REPORT}/tables/table.py",
        "    if isinstance(cell, str):\n        return escaped(cell)\n    text = escaped(cell.text)",
        "    if isinstance(cell, str):\n        return cell\n    text = escaped(cell.text)",
        (f"{FORMATS}::test_latex",),
    ),
    Mutant(
        "the file of a partial table for programs does not say so",
        f"{REPORT}/tables/table.py",
        "table.frame.assign(partial=table.partial) if table.missing else table.frame",
        "table.frame",
        (f"{FORMATS}::test_partial_is_said_in_every_format",),
    ),
    Mutant(
        "tables of an earlier call stay beside those of this one",
        f"{REPORT}/tables/table.py",
        '(Path(folder) / f"{name}.{ending}").unlink(missing_ok=True)',
        '(Path(folder) / f"{name}.{ending}").is_file()',
        (f"{TESTS}/test_tabulate.py::test_tables_that_are_no_longer_asked_for_go",),
    ),
)

NUMBERS: tuple[Mutant, ...] = (
    Mutant(
        "half to even in place of half up",
        f"{REPORT}/tables/writing.py",
        "Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)",
        "Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_EVEN)",
        (f"{TESTS}/test_summary.py::test_rounding_is_half_up_and_once",),
    ),
    Mutant(
        "the published table's own rounding left out",
        f"{REPORT}/tables/writing.py",
        "Decimal(value).quantize(unit, rounding=ROUND_HALF_EVEN)",
        "Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)",
        (f"{TESTS}/test_summary.py::test_rounding_is_half_up_and_once",),
    ),
    Mutant(
        "averages of the profile paper over scores that were not rounded",
        f"{REPORT}/tables/writing.py",
        "    if profile != PAPER:\n        return score\n    return float(",
        "    return score\n    return float(",
        (
            f"{TESTS}/test_summary.py::test_stored_scores_have_one_decimal_in_the_profile_paper",
            f"{TESTS}/test_tabulate.py::test_rebuilt_references_have_tables_of_their_own",
        ),
    ),
    Mutant(
        "binary numbers added up in averages",
        f"{REPORT}/tables/writing.py",
        "float(sum(Decimal(repr(value)) for value in values) / len(values))",
        "sum(values) / len(values)",
        (f"{TESTS}/test_summary.py::test_decimal_means_and_differences_do_not_see_binary_numbers",),
    ),
    Mutant(
        "of a published average over both sides the mean over directions",
        f"{REPORT}/read/published.py",
        "decimal_mean([decimal_mean([own[direction] for direction in part]) for part in parts])",
        "decimal_mean([own[direction] for part in parts for direction in part])",
        (f"{TESTS}/test_published.py::test_published_averages_of_both_are_the_mean_of_two_sides",),
    ),
    Mutant(
        "our average that lacks scores compared with a published one",
        f"{REPORT}/read/published.py",
        "ours = cell.value if complete else",
        "ours = cell.value if cell.value.n else",
        (f"{TESTS}/test_published.py::test_an_average_of_ours_that_lacks_scores_is_not_compared",),
    ),
    Mutant(
        "the terminal does not say that scores are missing",
        f"{REPORT}/tables/show.py",
        'f"PARTIAL, {missing} scores missing: " if missing else ""',
        '""',
        (f"{TESTS}/test_tabulate.py::test_partial_tables_say_so_in_their_titles_and_in_the_terminal",),
    ),
)

SAID: tuple[Mutant, ...] = (
    Mutant(
        "rebuilt references named as the test set's own text",
        f"{REPORT}/tables/display.py",
        """references: {rows[0]['profile']}.\"""",
        """references: raw.\"""",
        (f"{DISPLAY}::test_signatures_and_flags_are_said_once",),
    ),
    Mutant(
        "averages without named directions left out of the summary",
        f"{REPORT}/tables/score_tables.py",
        'if not row["without"] or row["grouping"] == ALL]',
        'if not row["without"]]',
        (f"{DISPLAY}::test_the_blocks_of_the_summary",),
    ),
    Mutant(
        "one k is called a sweep",
        f"{REPORT}/tables/score_tables.py",
        "if len(ks) > 1",
        "if len(ks) > 0",
        (f"{DISPLAY}::test_the_blocks_of_the_summary",),
    ),
    Mutant(
        "a direction that lacks a seed does not say so",
        f"{REPORT}/tables/score_tables.py",
        'text += "" if n == len(plan.seeds) else',
        'text += "" if n else',
        (f"{DISPLAY}::test_a_direction_that_lacks_a_seed_says_so",),
    ),
    Mutant(
        "daggers without their rule",
        f"{REPORT}/tables/score_tables.py",
        "        *significance_rule(significant, display),\n",
        "",
        (f"{DISPLAY}::test_the_table_of_directions_says_what_daggers_are",),
    ),
    Mutant(
        "differences named by a column of the summary",
        f"{REPORT}/tables/group_tables.py",
        "lines.append([*place, name,",
        "lines.append([*place, key,",
        (f"{TESTS}/test_group_tables.py::test_differences_name_the_system_that_they_are_to",),
    ),
    Mutant(
        "the difference in place of a system's own score in the table of interference",
        f"{REPORT}/tables/group_tables.py",
        "*(cell.value.mean, difference.mean,",
        "*(difference.mean, difference.mean,",
        (f"{TESTS}/test_interference.py::test_interference_and_transfer",),
    ),
    Mutant(
        "empty hypotheses as a share of two hundred",
        f"{REPORT}/tables/health_table.py",
        'value = (row[name] or 0) / (row["n"] if',
        "value = (row[name] or 0) / (200 if",
        (f"{TESTS}/test_health.py::test_what_is_out_of_the_ordinary",),
    ),
    Mutant(
        "lengths against the test set's own text and against rebuilt references in one mean",
        f"{REPORT}/tables/health_table.py",
        "part := chosen(rows, testset=testset, profile=profile)",
        "part := chosen(rows, testset=testset)",
        (f"{TESTS}/test_health.py::test_each_kind_of_references_has_its_own_means",),
    ),
    Mutant(
        "flags of a model reach no average",
        f"{REPORT}/tables/tabulate.py",
        "groups, *others, without, reading.flags",
        "groups, *others, without",
        (f"{TESTS}/test_tabulate.py::test_flags_of_a_model_reach_every_table_of_averages",),
    ),
    Mutant(
        "averages without named directions on the terminal in place of all",
        f"{REPORT}/tables/show.py",
        'if row["grouping"] == ALL and not row["without"]]',
        'if row["grouping"] == ALL]',
        (f"{DISPLAY}::test_the_terminal_shows_averages_of_all_directions",),
    ),
    Mutant(
        "the control of masks against other targets is not told of",
        f"{REPORT}/tables/show.py",
        'judged = [control["own_below_random"], control["own_below_other_targets"]]',
        'judged = [control["own_below_random"]]',
        (f"{FIGURES}::test_the_terminal_names_the_directions_that_failed_the_positive_control",),
    ),
    Mutant(
        "rebuilt references out of the title of a table of health",
        f"{REPORT}/tables/writing.py",
        "return testset if profile == RAW else",
        "return testset if profile else",
        (f"{TESTS}/test_health.py::test_each_kind_of_references_has_its_own_means",),
    ),
    Mutant(
        "published numbers are compared with a test set that nobody named",
        f"{REPORT}/read/published.py",
        "if value is None and len(known) == 1:",
        "if value is None:",
        (f"{TESTS}/test_published.py::test_of_several_test_sets_one_must_be_named",),
    ),
)

MUTANTS = (*PAGES, *NUMBERS, *SAID)
