"""The figure of time and memory: sums and largest of the benchmarks of each stage."""

import pytest

from tests.figure_layout import assert_layout
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures.costs import costs_caption, costs_figure, costs_rows
from workflow_scripts.report.read.benchmarks import StageCosts, read_benchmarks

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def lay(root, path, seconds, memory, cpu):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{HEADER}{seconds}\t0:00:01\t{memory}\t1\t1\t1\t0\t0\t50\t{cpu}\n")


def test_the_jobs_of_a_stage_are_summed_and_the_largest_memory_is_taken(tmp_path):
    lay(tmp_path, "decode/baseline/s1/news/en-de.tsv", "10.5", "200.25", "8.25")
    lay(tmp_path, "decode/ns/s1/news/en-de.tsv", "2.0", "300.5", "4.0")
    lay(tmp_path, "score/baseline.tsv", "0.25", "NA", "NA")
    assert read_benchmarks(tmp_path) == [
        StageCosts("decode", 2, 12.5, 12.25, 300.5),
        StageCosts("score", 1, 0.25, None, None),
    ]
    (tmp_path / "score/other.tsv").write_text(HEADER + "1\t2\n")
    with pytest.raises(UserError, match=r"score/other\.tsv: not a benchmark"):
        read_benchmarks(tmp_path)


COSTS = [
    StageCosts("score", 1, 0.25, None, None),
    StageCosts("decode", 2, 12.5, 12.25, 300.5),
    StageCosts("train_baseline", 1, 900.0, 1700.0, 4000.0),
]


def test_the_longest_stage_is_above_and_what_was_not_measured_has_no_dot():
    time, memory = costs_figure(COSTS).axes
    assert [label.get_text() for label in time.get_yticklabels()] == [
        "train_baseline (1 job)",
        "decode (2 jobs)",
        "score (1 job)",
    ]
    dots = [list(zip(*axis.get_lines()[0].get_data(), strict=True)) for axis in (time, memory)]
    assert dots == [[(1700.0, 0), (12.25, 1)], [(4000.0, 0), (300.5, 1)]]
    assert time.yaxis_inverted() and time.get_xscale() == "log"
    assert [row["stage"] for row in costs_rows(COSTS)] == ["train_baseline", "decode", "score"]
    assert costs_rows(COSTS)[2]["cpu_seconds"] is None
    [note] = costs_caption(COSTS, "benchmarks").notes
    assert "the 4 jobs that had ended" in note and "jobs that the config no longer has are." in note


@pytest.mark.parametrize("stages", [1, 60])
def test_layout(stages):
    costs = [StageCosts(f"a_stage_of_a_long_name_{n}", n, 1.0, 3.0**n, 50.0 + n) for n in range(stages)]
    assert_layout(costs_figure(costs))
    assert_layout(costs_figure(COSTS[:1]))
    assert_layout(costs_figure([]))
    assert costs_rows([])[0]["stage"] is None
