"""The page says what the tables say, and the tables are as large as promised."""

from tests.malformed.case import CHECKS
from tests.malformed.report import BEGIN, END, PAGE, TABLES, page_with, section


def test_the_page_is_up_to_date():
    text = PAGE.read_text(encoding="utf-8")
    assert page_with(text, section()) == text, "run `make malformed`"


def test_what_stands_around_the_section_stays():
    text = f"# Page\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    assert page_with(text, "new\n") == f"# Page\n\n{BEGIN}\nnew\n{END}\n\nafter\n"
    assert page_with("# Page\n", "new\n") == f"# Page\n\n{BEGIN}\nnew\n{END}\n"


def test_enough_cases_and_checks():
    """At least a hundred malformed inputs, which reach at least sixty distinct checks.

    Each environment's tests assert that its cases reach as many checks as CHECKS has of it.
    """
    names = [case.name for cases, accepted in TABLES.values() for case in (*cases, *accepted)]
    assert len(set(names)) == len(names)
    assert sum(len(cases) for cases, _ in TABLES.values()) >= 100
    assert sum(CHECKS.values()) >= 60
