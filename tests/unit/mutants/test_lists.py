"""Every mutant applies to the code, and its tests are there; that they notice it `make mutants` shows."""

import pytest

from tests.mutants.lists import all_mutants, faults_of
from tests.mutants.mutant import Mutant, faults

HERE = "workflow tests/unit/mutants/test_lists.py::test_every_mutant_applies"


def test_every_mutant_applies():
    assert faults_of(all_mutants()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"file": "nowhere.py"}, "nowhere.py does not exist"),
        ({"old": "no such text"}, "has 0 of 'no such text', not one"),
        ({"old": "mutants"}, "of 'mutants', not one"),
        ({"new": "def all_mutants()"}, "changes nothing"),
        ({"tests": ()}, "no test is named"),
        ({"tests": (HERE.replace("workflow ", "snake "),)}, "no environment 'snake'"),
        ({"tests": ("text tests/nowhere.py::test_it",)}, "tests/nowhere.py does not exist"),
        ({"tests": (HERE.replace("applies", "is_fine"),)}, "no test 'test_every_mutant_is_fine'"),
    ],
)
def test_a_mutant_that_does_not_apply(changed, said):
    right = {"what": "a", "file": "tests/mutants/lists.py", "old": "def all_mutants()", "new": "def none()"}
    assert faults(Mutant(**right, tests=(HERE,))) == []
    [line] = faults(Mutant(**{**right, "tests": (HERE,), **changed}))
    assert line.startswith("a: ")
    assert said in line


def test_two_of_one_name():
    mutants = [
        Mutant("same", "tests/mutants/lists.py", "def all_mutants()", new, (HERE,)) for new in ("b", "c")
    ]
    assert faults_of(tuple(mutants)) == ["same: the name of two"]
