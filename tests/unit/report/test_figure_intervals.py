"""Intervals of figures, and the order of directions in them."""

import pytest

from workflow_scripts.common.students_t import half_interval
from workflow_scripts.report.figures.intervals import mean_of
from workflow_scripts.report.figures.order import Span, by_family


def test_the_interval_of_three_seeds_is_2_48_standard_deviations():
    # t of two degrees of freedom is 4.303: 4.303 / √3.
    assert half_interval(1.0, 3) == pytest.approx(2.4841, abs=1e-4)
    assert half_interval(1.0, 2) == pytest.approx(8.9846, abs=1e-4)
    found = mean_of([1.0, 2.0, 3.0])
    assert (found.mean, found.n, found.sd) == (2.0, 3, 1.0)
    assert (found.low, found.high) == pytest.approx((-0.4841, 4.4841), abs=1e-4)
    assert (mean_of([5.0]).low, mean_of([5.0]).high, mean_of([5.0]).sd) == (None, None, None)
    with pytest.raises(ValueError, match="no values"):
        mean_of([])


def test_directions_are_ordered_by_the_family_of_their_other_language():
    families = {"uralic": ["fi", "et"], "germanic": ["de", "nl"]}
    ordered, spans = by_family(["en-de", "en-xx", "et-en", "en-fi", "nl-en"], families, "en")
    assert ordered == ["en-fi", "et-en", "en-de", "nl-en", "en-xx"]
    assert spans == [Span("uralic", 0, 2), Span("germanic", 2, 4), Span("others", 4, 5)]
    # Without a pivot the target orders; languages alone are themselves; without families nothing changes.
    assert by_family(["de-fi", "fi-de"], families)[0] == ["de-fi", "fi-de"]
    assert by_family(["nl", "fi", "de"], families)[0] == ["fi", "de", "nl"]
    assert by_family(["b-a", "a-b"], {}) == (["b-a", "a-b"], [])
