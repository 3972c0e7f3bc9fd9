"""Quantiles of Student's t by printed tables."""

import pytest

from workflow_scripts.common.students_t import student_t


@pytest.mark.parametrize(
    ("degrees", "t"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (5, 2.5706), (9, 2.2622), (30, 2.0423)]
)
def test_students_t(degrees, t):
    assert student_t(degrees) == pytest.approx(t, abs=5e-5)
