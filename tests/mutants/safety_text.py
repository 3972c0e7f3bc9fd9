"""Mistakes in what is taken for text and for a system's outputs."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

W = "workflow_scripts"
PATTERNS = "text tests/unit/test_patterns.py::"
CONTAINERS = "text tests/unit/test_containers.py::"
LINES = "text tests/unit/test_parallel_text.py::"
OUTPUTS = "evaluate tests/unit/evaluate/test_evaluate_outputs.py::"
WRITTEN = "evaluate tests/unit/evaluate/test_written.py::"
NAMING = "text tests/unit/test_naming.py::"
LOG = "text tests/unit/test_generate_log.py::"
TEXT = "evaluate tests/unit/evaluate/test_direction_text.py::"
MAKE = "workflow tests/unit/test_makefile.py::"

FOUND = (
    Mutant(
        "the name of a system takes part of a code with a script",
        f"{W}/common/patterns.py",
        "READINGS = (_wildcards(WRITTEN), WILDCARDS,",
        "READINGS = (WILDCARDS,",
        (f"{PATTERNS}test_codes_with_region_and_script_in_either_spelling",),
    ),
    Mutant(
        "one of two readings of a direction is taken",
        f"{W}/common/language_codes.py",
        "raise UserError(f\"{text!r} may be {' or '.join(readings)}: {AMBIGUOUS}\")",
        "return readings[0]",
        ("text tests/unit/units/test_language_codes.py::test_what_is_no_direction_or_may_be_two",),
    ),
    Mutant(
        "a hidden folder is a system",
        f"{W}/common/patterns.py",
        '(name.startswith(".") and not asked.startswith("."))',
        "False",
        (f"{PATTERNS}test_hidden_files_and_backups_are_no_systems_unless_spelt",),
    ),
    Mutant(
        "a backup is a system",
        f"{W}/common/patterns.py",
        "or any(name.endswith(ending) and not asked.endswith(ending) for ending in BACKUPS)",
        "",
        (f"{PATTERNS}test_a_hidden_file_of_an_editor_is_no_system",),
    ),
    Mutant(
        "references that fit the pattern are a system",
        f"{W}/evaluate/found_outputs.py",
        "    found = found.without({path: why for path, why in others.items() if path not in logs})\n",
        "",
        (f"{OUTPUTS}test_references_and_sources_that_fit_the_pattern_are_no_systems",),
    ),
    Mutant(
        "files that nearly fit are left out without a word",
        f"{W}/evaluate/found_outputs.py",
        'print(f"note: {terminal(note)}", file=sys.stderr)',
        "pass",
        (f"{OUTPUTS}test_references_and_sources_that_fit_the_pattern_are_no_systems",),
    ),
    Mutant(
        "of two patterns for references the first is taken alone",
        f"{W}/evaluate/evaluate_outputs.py",
        '"references": [text_of(one, direction) for one in references]',
        '"references": [text_of(one, direction) for one in references[:1]]',
        (f"{OUTPUTS}test_several_references_of_every_sentence",),
    ),
    Mutant(
        "directions that were not asked for are averaged too",
        f"{W}/evaluate/found_outputs.py",
        "for d in directions or there if d in files[system]",
        "for d in there if d in files[system]",
        (f"{OUTPUTS}test_systems_and_directions_may_be_chosen",),
    ),
)

NAMES = (
    Mutant(
        "a system may be called as an option is",
        f"{W}/evaluate/found_outputs.py",
        '    check_names("system", kept,',
        '    check_names("system", [],',
        ("evaluate tests/malformed/test_evaluate.py::test_refused[outputs-option]",),
    ),
    Mutant(
        "a name may lead out of its folder",
        f"{W}/common/naming.py",
        '    ".": "as a hidden file does",\n',
        "",
        (f"{NAMING}test_what_would_be_an_option_a_path_a_formula_or_unseen_is_refused",),
    ),
    Mutant(
        "a terminal is shown control characters",
        f"{W}/common/errors.py",
        "one if one.isprintable() else repr(one)[1:-1]",
        "one",
        (f"{NAMING}test_a_terminal_is_shown_no_control_character",),
    ),
    Mutant(
        "files of the user's are written over",
        f"{W}/evaluate/written.py",
        "if blocked or name not in written:",
        "if blocked:",
        (f"{WRITTEN}test_a_file_of_others_is_never_written_over",),
    ),
    Mutant(
        "files of ours that were edited are written over",
        f"{W}/evaluate/written.py",
        "elif not path.is_file() or sha256_of(path) not in written[name]:",
        "elif not path.is_file():",
        (f"{WRITTEN}test_a_file_of_ours_that_was_edited_is_neither_replaced_nor_removed",),
    ),
    Mutant(
        "a formula stands in a CSV file as it is",
        f"{W}/report/tables/table.py",
        "isinstance(value, str) and FORMULA.match(value)",
        "False",
        (
            "evaluate tests/unit/report/test_formats.py::"
            "test_text_that_a_spreadsheet_would_run_has_an_apostrophe_before_it_in_csv_alone",
        ),
    ),
)

READ = (
    Mutant(
        "a sentence that begins with a tag is a web page",
        f"{W}/common/containers.py",
        '_THEN = rb"[^<>]*>\\s*(<|$)"',
        '_THEN = rb""',
        (f"{CONTAINERS}test_text_that_begins_like_them_is_text",),
    ),
    Mutant(
        "fairseq-generate's log is scored as it stands",
        f"{W}/common/parallel_text.py",
        "    if first_line(content) is not None:\n        numbered",
        "    if False:\n        numbered",
        (f"{LOG}test_lines_of_a_letter_in_the_order_of_their_numbers",),
    ),
    Mutant(
        "hypotheses of a log in the order that they stand in",
        f"{W}/common/generate_log.py",
        "return [texts[number] for number in range(len(texts))], letter",
        "return list(texts.values()), letter",
        (f"{LOG}test_lines_of_a_letter_in_the_order_of_their_numbers",),
    ),
    Mutant(
        "of a sentence that stands in a log twice the last is taken",
        f"{W}/common/generate_log.py",
        "        if number in texts:\n",
        "        if False:\n",
        (f"{LOG}test_a_number_that_is_missing_or_doubled_is_told",),
    ),
    Mutant(
        "sentences that a log lacks are not missed",
        f"{W}/common/generate_log.py",
        "few = list(islice((",
        'return ""; few = list(islice((',
        (f"{LOG}test_a_number_that_is_missing_or_doubled_is_told",),
    ),
    Mutant(
        "lines with an empty reference are dropped of the references alone",
        f"{W}/evaluate/direction_text.py",
        "        lines = {system: _without(one, left) for system, one in lines.items()}\n",
        "        lines = {system: one[: len(refs[0])] for system, one in lines.items()}\n",
        (f"{TEXT}test_empty_references_are_dropped_for_all_systems_alike",),
    ),
    Mutant(
        "UTF-16 inside a packed file is not looked for",
        f"{W}/common/containers.py",
        "inner = stream.peek(HEAD)\n",
        'inner = b""\n',
        (f"{CONTAINERS}test_what_is_no_text_is_named_with_what_makes_text_of_it",),
    ),
    Mutant(
        "what only xz and bzip2 unpack to is not bounded",
        f"{W}/data/readers.py",
        "if number % LINES_BETWEEN_LOOKS == 0 and (",
        "if number % LINES_BETWEEN_LOOKS == 0 and packing == 'gzip' and (",
        (f"{CONTAINERS}test_what_unpacks_to_far_more_than_text_does_is_refused",),
    ),
)

WORDS = (
    Mutant(
        "what a make variable holds is run",
        "Makefile",
        "as_word = $(call quoted,$(value $(1)))",
        "as_word = $(value $(1))",
        (f"{MAKE}test_a_config_is_one_word_and_runs_nothing",),
    ),
    Mutant(
        "the checkout's path between bare apostrophes",
        "rules/common.smk",
        """PATH={shlex.quote(f'{CHECKOUT}/envs/bin')}:$PATH""",
        """PATH='{CHECKOUT}/envs/bin':$PATH""",
        ("workflow tests/system/test_checkout_path.py::test_a_name_that_a_shell_would_take_apart",),
    ),
)

MUTANTS = (*FOUND, *NAMES, *READ, *WORDS)
