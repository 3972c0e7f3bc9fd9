"""What a name may be."""

import pytest

from workflow_scripts.common.errors import UserError, terminal
from workflow_scripts.common.naming import check_names, fault_of, is_line, number_of


@pytest.mark.parametrize(
    "name",
    [
        "ns-k97.5",
        "base+ft",
        "a = b",
        "mit Leerzeichen",
        "模型",
        "हिन्दी",
        "{system}",
        "$(touch x)",
        "a|b*c_d<e>&amp;#\\~^%",
        "(old)",
        "[new]",
        "it's",
        "x" * 200,
    ],
)
def test_any_script_and_any_sign_inside_may_be_in_a_name(name):
    assert fault_of(name) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "it is empty"),
        ("--debug", "it begins with '-', as an option of a program does"),
        ("-x", "it begins with '-', as an option of a program does"),
        (".", "it begins with '.', as a hidden file does"),
        ("..", "it begins with '.', as a hidden file does"),
        ("a/b", "it holds '/', which parts folders"),
        ("/etc", "it holds '/', which parts folders"),
        ("=1+1", "it begins with '=', as a formula of a spreadsheet does"),
        ("+1", "it begins with '+', as a formula of a spreadsheet does"),
        ("@SUM(A1)", "it begins with '@', as a formula of a spreadsheet does"),
        ("a\nb", "it holds '\\n', which does not print"),
        ("a\x1b[31m", "it holds '\\x1b', which does not print"),
        ("a\tb", "it holds '\\t', which does not print"),
        ("a\u202eb", "it holds '\\u202e', which does not print"),
        ("a\u200bb", "it holds '\\u200b', which does not print"),
        ("a\u2028b", "it holds '\\u2028', which does not print"),
        ("a\udcffb", "it holds '\\udcff', which does not print"),
        (" a", "it begins with ' ', which nobody sees"),
        ("a ", "it ends with ' ', which nobody sees"),
        ("`id`", "it holds '`', which quotes code in Markdown"),
    ],
)
def test_what_would_be_an_option_a_path_a_formula_or_unseen_is_refused(name, said):
    assert fault_of(name) == said


def test_every_name_that_cannot_be_is_told_with_its_file():
    with pytest.raises(UserError) as error:
        check_names("system", ["fine", "-x", "a\n"], {"-x": "t/\x1b/-x/de-en.txt"})
    assert str(error.value).splitlines() == [
        "system '-x' (t/\\x1b/-x/de-en.txt): it begins with '-', as an option of a program does; rename it",
        "system 'a\\n': it holds '\\n', which does not print; rename it",
    ]


def test_names_that_look_the_same_are_told():
    with pytest.raises(UserError) as error:
        check_names("system", ["é", "e", "e\u0301"])
    assert str(error.value) == r"system 'e\u0301' looks as '\xe9' does; rename one of them"


def test_a_terminal_is_shown_no_control_character():
    assert terminal("a\x1b[2Jb\nc\u202ed\udcffé模") == "a\\x1b[2Jb\\nc\\u202ed\\udcffé模"


def test_a_line_of_another_file_prints_and_quotes_nothing():
    assert is_line("nrefs:1|tok:13a")
    assert not any(map(is_line, ["a\nb", "a`b", "\x1b", 1, None]))


def test_one_is_no_plural():
    assert [number_of(number, "direction") for number in (0, 1, 2)] == [
        "0 directions",
        "1 direction",
        "2 directions",
    ]
