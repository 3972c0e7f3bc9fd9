"""The generated pages of the reference are current, and say what declarations and docstrings say."""

import pytest

import workflow_scripts.api as neuronspec
from workflow_scripts.site.python_page import GROUPS, described, signature_of
from workflow_scripts.site.reference import PAGES
from workflow_scripts.site.rules_page import inputs_of, topics
from workflow_scripts.workflow.software.environments import ROOT
from workflow_scripts.workflow.stages import STAGES

RULES = """rule one:
    input:
        system=lambda w: f(x=1),
        masks=[
            g(deep=2)
        ],
    output:
        out="x",
    log:
        log_of("one"),

if X:

    rule:
        name:
            n
        input:
            text=t,
        log:
            log_of("two", by=n),

    use rule one as three with:
        output:
            y
"""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_current(path):
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path](), (
        "python -m workflow_scripts.site.reference"
    )


def test_every_stage_has_a_row():
    found = topics()
    assert sorted(stage.name for stages in found.values() for stage in stages) == sorted(STAGES)
    assert [stage.name for stage in found["Comparison of trainings"]] == [
        "correlate_units",
        "erase_correlated",
    ]


def test_inputs_are_read_from_rules(tmp_path):
    (tmp_path / "a.smk").write_text(RULES)
    assert inputs_of(tmp_path) == {"one": ["system", "masks"], "two": ["text"], "three": ["system", "masks"]}


def test_the_page_of_python_has_every_public_name():
    assert {name for names in GROUPS.values() for name in names} == set(neuronspec.__all__) - {"__version__"}


def test_signatures_have_types_without_packages():
    assert signature_of(neuronspec.without) == "(masks: MaskTable) -> MaskTable"
    assert signature_of(neuronspec.iou_matrix) == "(keep: NDArray[bool]) -> NDArray[float64]"
    assert signature_of(neuronspec.Model.units) == "(kinds: Collection[str] = ('ffn',)) -> UnitSpace"


def test_docstrings_become_lists_of_arguments_and_errors():
    doc = """Do it, with ``x``.

    Args:
        a: the first, which
            goes on.
        b, c: others; note: of two.

    Raises:
        UserError: it cannot be done, or
        was done.
    """
    assert list(described(doc)) == [
        "Do it, with `x`.",
        "Arguments:",
        "- `a`: the first, which goes on.\n- `b, c`: others; note: of two.",
        "Errors:",
        "- `UserError`: it cannot be done, or was done.",
    ]
