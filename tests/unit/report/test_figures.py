"""report.plot_training and report.plot_sweep: what is drawn, and that it is drawn the same twice."""

from __future__ import annotations

import json

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.report import plot_sweep, plot_training
from workflow_scripts.report.figure import MOST_NAMED, styles
from workflow_scripts.report.plot_training import read_curves
from workflow_scripts.report.summary import CSV_COLUMNS

HEADER = "update,direction,loss,nll_loss,tokens\n"
PNG = b"\x89PNG\r\n\x1a\n"


def test_all_directions_are_weighted_by_tokens(tmp_path):
    path = tmp_path / "validation.csv"
    path.write_text(HEADER + "200,de-en,2,1,100\n200,en-de,4,3,300\n100,de-en,5,4,100\n100,en-de,5,4,300\n")
    # (2 × 100 + 4 × 300) / 400 = 3.5, and updates in ascending order.
    assert read_curves(path) == {
        "all": [(100, 5.0), (200, 3.5)],
        "de-en": [(100, 5.0), (200, 2.0)],
        "en-de": [(100, 5.0), (200, 4.0)],
    }
    assert read_curves(path, "nll_loss")["all"] == [(100, 4.0), (200, 2.5)]


def test_written_mean_is_taken_and_a_repeated_update_counts_last(tmp_path):
    path = tmp_path / "validation.csv"
    path.write_text(HEADER + "100,de-en,9,1,100\n100,all,9,1,100\n100,de-en,2,1,100\n100,all,2.25,1,100\n")
    assert read_curves(path) == {"all": [(100, 2.25)], "de-en": [(100, 2.0)]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER, "no validation yet"),
        ("updates,direction,loss,nll_loss,tokens\n", "no column 'update' .did you mean 'updates'"),
        (HEADER + "100,de-en,x,1,100\n", "line 2: loss is 'x', not a number"),
    ],
)
def test_faults_of_validation_files(tmp_path, content, message):
    path = tmp_path / "validation.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        read_curves(path)


def test_training_figure_is_the_same_twice(tmp_path):
    path = tmp_path / "validation.csv"
    path.write_text(HEADER + "100,de-en,5,4,100\n200,de-en,4,3,100\n100,en-de,5,4,90\n200,en-de,3,3,90\n")
    arguments = ["--validation", f"baseline={path}", f"ns-k95={path}", "--out"]
    for name in ("a.png", "b.png"):
        plot_training.main([*arguments, str(tmp_path / name)])
    first = (tmp_path / "a.png").read_bytes()
    assert first.startswith(PNG) and first == (tmp_path / "b.png").read_bytes()
    assert b"Software" not in first


def test_validation_arguments(tmp_path):
    for value, message in (("x.csv", "is not NAME=CSV"), (f"a={tmp_path}/no.csv", "no such file")):
        with pytest.raises(UserError, match=message):
            plot_training.main(["--validation", value, "--out", str(tmp_path / "x.png")])


def test_styles_are_distinct():
    assert len(set(styles(MOST_NAMED))) == MOST_NAMED
    assert len(styles(100)) == 100


def summary_csv(tmp_path):
    def line(system: str, k: str, side: str, gain: str, sd: str, metric: str = "bleu", grouping: str = "all"):
        values = dict.fromkeys(CSV_COLUMNS, "")
        values |= {"testset": "test", "metric": metric, "grouping": grouping, "group": "all", "side": side}
        values |= {"system": system, "k": k, "n": "3", "baseline_difference": gain}
        values |= {"baseline_difference_sd": sd}
        return ",".join(values.values())

    lines = [
        line("baseline", "", "both", "", ""),
        line("ns-k100", "100", "both", "0.5", "0.1"),
        line("ns-k95", "95", "both", "1.5", ""),
        line("ns-k95", "95", "out of pivot", "2.5", "0.2"),
        line("random-k95", "95", "both", "9", ""),
        line("ns-k95", "95", "both", "8", "", metric="chrf"),
        line("ns-k95", "95", "both", "7", "", grouping="family"),
    ]
    path = tmp_path / "summary.csv"
    path.write_text("\n".join([",".join(CSV_COLUMNS), *lines]) + "\n")
    return path


def test_sweep_points_are_ascending_and_only_its_own(tmp_path):
    rows = plot_sweep.sweep_rows(plot_sweep.read_summary(summary_csv(tmp_path)), "bleu", "ns")
    assert plot_sweep.points(rows, "test", "both", "baseline_difference") == [
        (95.0, 1.5, None),
        (100.0, 0.5, 0.1),
    ]
    assert plot_sweep.points(rows, "test", "out of pivot", "baseline_difference") == [(95.0, 2.5, 0.2)]
    assert plot_sweep.points(rows, "test", "both", "continued_difference") == []


def test_sweep_figure_is_the_same_twice(tmp_path):
    path = summary_csv(tmp_path)
    for name in ("a.png", "b.png"):
        plot_sweep.main(["--summary", str(path), "--out", str(tmp_path / name)])
    first = (tmp_path / "a.png").read_bytes()
    assert first.startswith(PNG) and first == (tmp_path / "b.png").read_bytes()


def test_sweep_arguments(tmp_path):
    path = summary_csv(tmp_path)
    for more, message in (
        (["--metric", "blue"], "no 'blue' .did you mean 'bleu'"),
        (["--sweep", "randm"], "no systems randm-k… .did you mean 'random'"),
    ):
        with pytest.raises(UserError, match=message):
            plot_sweep.main(["--summary", str(path), "--out", str(tmp_path / "x.png"), *more])


def test_the_terminal_names_the_directions_that_failed_the_positive_control(tmp_path):
    from workflow_scripts.report.show import render_controls

    assert render_controls(tmp_path) == ""
    folder = tmp_path / "analysis" / "mask_control" / "baseline" / "s1"
    folder.mkdir(parents=True)
    judged = {"own_below_random": {"en-de": True, "de-en": False}, "own_below_other_targets": {"en-de": True}}
    (folder / "k70.json").write_text(json.dumps({"control": {"passed": False, **judged}}))
    assert render_controls(tmp_path) == "\npositive control of masks (s1, k70): NOT passed in de-en"
