"""The tool tells a mistake that a test notices from one that none does, and from what does not run."""

import pytest

from tests.mutants.mutant import ROOT, Mutant
from tests.mutants.run import Worker, grouped_tests

FILE = "tests/mutants/mutant.py"
LISTS = "workflow tests/unit/mutants/test_lists.py"
FILES = [
    FILE, "tests/mutants/lists.py", "tests/unit/mutants/test_lists.py", "tests/conftest.py",
    "tests/shared_material.py", "pyproject.toml",
]  # fmt: skip
NOTHING_SAID = 'said.append("changes nothing")'


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    made = Worker(tmp_path_factory.mktemp("mutants"), FILES)
    yield made
    made.end()


def told(worker, new, *tests):
    well, said = worker.notices(Mutant("silent", FILE, NOTHING_SAID, new, tests))
    # What was changed is as it was.
    assert (worker.copy / FILE).read_bytes() == (ROOT / FILE).read_bytes()
    return well, said.splitlines()


def test_tests_pass_unchanged(worker):
    well, said = worker.passes("workflow", ["tests/unit/mutants/test_lists.py"])
    assert well and said.startswith("tests in workflow pass unchanged (1 in ")


def test_noticed(worker):
    well, [line] = told(worker, "pass", f"{LISTS}::test_a_mutant_that_does_not_apply")
    assert well and line.startswith("noticed") and line.endswith("silent")


def test_unnoticed_by_one_of_two(worker):
    blind = f"{LISTS}::test_two_of_one_name"
    well, lines = told(worker, "pass", f"{LISTS}::test_a_mutant_that_does_not_apply", blind)
    assert not well and lines[0].startswith("UNNOTICED") and lines[1] == f"    by {blind}"


def test_what_cannot_be_run_is_no_notice(worker):
    well, lines = told(worker, "said.append(", f"{LISTS}::test_a_mutant_that_does_not_apply")
    assert not well and lines[0].startswith("NOT RUN")
    assert any("SyntaxError" in line for line in lines)


def test_each_test_is_run_once_unchanged():
    mutants = [
        Mutant("a", FILE, "a", "b", ("text x::y", "fairseq x::z")),
        Mutant("b", FILE, "a", "c", ("text x::y",)),
    ]
    assert grouped_tests(mutants) == {"text": ["x::y"], "fairseq": ["x::z"]}
