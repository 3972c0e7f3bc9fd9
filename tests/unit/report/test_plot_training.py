"""plot_training: what is drawn, where each training begins, and that every text has room."""

import pandas as pd
import pytest

from tests.figure_layout import assert_layout
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures import plot_training
from workflow_scripts.report.figures.figure import MOST_NAMED, styles
from workflow_scripts.report.figures.plot_training import after, read_curves, training_figure

HEADER = "update,direction,loss,nll_loss,tokens\n"


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


def lines_of(axis):
    """Legend entry -> points of each line; a line of a further seed has the entry of matplotlib, _child3."""
    return {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axis.get_lines()}


TRAININGS = {
    "baseline": {
        1: {"all": [(100, 8.0), (300, 7.0)], "de-en": [(100, 5.0), (300, 4.0)], "en-de": [(100, 9.0)]},
        2: {"all": [(100, 8.5), (250, 7.5)], "de-en": [(100, 5.5)]},
    },
    "ns-k95": {
        1: {"all": [(50, 3.0)], "de-en": [(50, 3.0)]},
        2: {"all": [(40, 3.5)], "de-en": [(40, 3.5)]},
    },
}


def test_trainings_on_the_baseline_begin_after_its_last_update_of_their_seed():
    moved = after(TRAININGS, "baseline", ["ns-k95"])
    assert moved["baseline"] == TRAININGS["baseline"]
    assert moved["ns-k95"] == {
        1: {"all": [(350, 3.0)], "de-en": [(350, 3.0)]},
        2: {"all": [(290, 3.5)], "de-en": [(290, 3.5)]},
    }
    # A system that begins with random weights, and one of a baseline that was trained elsewhere.
    assert after(TRAININGS, "baseline", []) == TRAININGS
    alone = {"ns-k95": TRAININGS["ns-k95"]}
    assert after(alone, "baseline", ["ns-k95"]) == alone


def test_the_figure_shows_each_training_and_its_directions():
    figure = training_figure(TRAININGS)
    overall, baseline, specialised = figure.axes[:3]
    # Each seed is a line.
    assert list(lines_of(overall).values()) == [
        [(100, 8.0), (300, 7.0)],
        [(100, 8.5), (250, 7.5)],
        [(50, 3.0)],
        [(40, 3.5)],
    ]
    assert [text.get_text() for text in overall.get_legend().get_texts()] == ["baseline", "ns-k95"]
    shown = lines_of(baseline)
    assert shown["de-en"] == [(100, 5.0), (300, 4.0)] and shown["en-de"] == [(100, 9.0)]
    assert shown["all"] == [(100, 8.0), (300, 7.0)] and len(shown) == 6
    assert [text.get_text() for text in specialised.get_legend().get_texts()] == ["de-en", "all"]
    assert [axis.get_title() for axis in figure.axes[:3]] == ["all directions", "baseline", "ns-k95"]
    assert {axis.get_xlabel() for axis in figure.axes} == {"updates"}
    assert {axis.get_ylabel() for axis in figure.axes} == {"validation loss (bits per token)"}
    # The mean of all directions is black; every direction looks otherwise.
    looks = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in baseline.get_lines()}
    assert looks["all"] == ("black", "-") and len({looks[name] for name in ("all", "de-en", "en-de")}) == 3
    nll = training_figure(TRAININGS, "nll_loss")
    assert nll.axes[0].get_ylabel() == "validation NLL (bits per token)"


def test_the_files_hold_what_is_drawn(tmp_path):
    """The column that is asked for, with updates as they are drawn, and a caption of these files."""
    folder = tmp_path / "demo/training"
    for name, text in (("baseline", "100,de-en,5.25,4,100\n"), ("ns", "30,de-en,3,2.125,100\n")):
        (folder / name).mkdir(parents=True)
        (folder / name / "validation.csv").write_text(HEADER + text)
    out = tmp_path / "demo/figures/training.png"
    options = [f"{name}.s7={folder}/{name}/validation.csv" for name in ("baseline", "ns")]
    plot_training.main(["--validation", *options, "--after", "ns", "--column", "nll_loss", "--out", str(out)])
    rows = pd.read_csv(out.with_suffix(".csv"), float_precision="round_trip").to_dict("split")
    assert rows["columns"] == ["system", "seed", "direction", "update", "loss"]
    assert rows["data"] == [
        ["baseline", 7, "all", 100, 4.0],
        ["baseline", 7, "de-en", 100, 4.0],
        ["ns", 7, "all", 130, 2.125],
        ["ns", 7, "de-en", 130, 2.125],
    ]
    said = out.with_suffix(".rst").read_text()
    assert "begin after the updates of baseline" in said and "n = 1 seed (7)" in said
    assert "training/baseline/validation.csv, training/ns/validation.csv" in said
    with pytest.raises(UserError, match=r"--after: no training of 'nss' is named.*did you mean 'ns'"):
        plot_training.main(["--validation", *options, "--after", "nss", "--out", str(out)])


def test_more_directions_than_styles_are_grey_and_counted():
    curves = {"all": [(1, 5.0)], **{f"d{n}": [(1, float(n))] for n in range(MOST_NAMED + 1)}}
    axis = training_figure({"baseline": {1: curves}}).axes[1]
    entries = [text.get_text() for text in axis.get_legend().get_texts()]
    assert entries == [f"all (grey: {MOST_NAMED + 1} directions)"]


def test_styles_are_distinct():
    assert len(set(styles(MOST_NAMED))) == MOST_NAMED
    assert len(styles(100)) == 100


@pytest.mark.parametrize(
    ("directions", "system"), [(1, "ns"), (MOST_NAMED, "ns"), (60, "a_system_of_a_very_long_name_" * 3)]
)
def test_layout(directions, system):
    curves = {f"aa{n}-bb{n}": [(1, 5.0), (20_000, 4.0)] for n in range(directions)}
    assert_layout(training_figure({system: {1: {"all": [(1, 5.0), (20_000, 4.0)], **curves}}}))
