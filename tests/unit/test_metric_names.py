"""What metrics are called."""

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.metric_names import asked_name, metric_id, metric_ids, shown_name


@pytest.mark.parametrize(
    ("name", "in_files", "asked", "shown"),
    [
        ("bleu", "bleu", "bleu", "BLEU"),
        ("BLEU", "bleu", "bleu", "BLEU"),
        ("chrf++", "chrf", "chrf++", "chrF2++"),
        ("chrF++", "chrf", "chrf++", "chrF2++"),
        ("chrF2++", "chrf", "chrf++", "chrF2++"),
        ("chrf2++", "chrf", "chrf++", "chrF2++"),
        ("chrf", "chrf", "chrf++", "chrF2++"),  # the old name
        ("chrf2", "chrf2", "chrf2", "chrF2"),
        ("chrF2", "chrf2", "chrf2", "chrF2"),
        ("TER", "ter", "ter", "TER"),
        ("comet", "comet", "comet", "comet"),
        ("COMET", "COMET", "COMET", "COMET"),
        ("chrF", "chrF", "chrF", "chrF"),  # chrF2 to some, chrF++ to others
    ],
)
def test_each_metric_by_any_of_its_names(name, in_files, asked, shown):
    assert (metric_id(name), asked_name(in_files), shown_name(in_files)) == (in_files, asked, shown)


def test_one_metric_by_two_names_is_one_twice():
    assert metric_ids(["ter", "chrf++", "chrf2"]) == ["ter", "chrf", "chrf2"]
    with pytest.raises(UserError, match=r"--metrics: chrf is named twice, as chrf\+\+ too"):
        metric_ids(["chrf++", "bleu", "chrf"])
