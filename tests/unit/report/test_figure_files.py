"""What all figures share: four files of equal bytes, room for every text, legends beside the panels."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.lines import Line2D

from tests.figure_layout import assert_layout, assert_legends_clear, assert_texts_inside
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.figure import (
    legend_beside,
    panels,
    shortened,
    wrapped,
    write_figure,
)


def two_lines(name="a"):
    figure, [[axis]] = panels(1)
    axis.plot([1, 2], [3, 4], label=name)
    axis.fill_between([1, 2], [2, 3], [4, 5])
    axis.set_title(wrapped(f"title of {name}"))
    legend_beside(axis)
    return figure


def test_a_figure_is_four_files_of_equal_bytes(tmp_path):
    rows = [
        {"k": 70, "gain": 0.1 + 0.2},
        {"k": np.int64(80), "gain": np.float64(1) / 3},
        {"k": 90, "gain": None},
    ]
    for folder in ("one", "two"):
        summary = tmp_path / folder / "tables/summary.csv"
        caption = Caption("Two lines.", [summary], [1, 2, 3], "Bands: 95 % t intervals.")
        write_figure(two_lines(), tmp_path / folder / "figures/line.png", rows, caption)
    names = ["line.csv", "line.pdf", "line.png", "line.rst"]
    assert sorted(path.name for path in (tmp_path / "one/figures").iterdir()) == names
    for name in names:
        assert (tmp_path / "one/figures" / name).read_bytes() == (
            tmp_path / "two/figures" / name
        ).read_bytes()
    pdf = (tmp_path / "one/figures/line.pdf").read_bytes()
    assert b"Date" not in pdf and b"Matplotlib" not in pdf
    assert b"Software" not in (tmp_path / "one/figures/line.png").read_bytes()
    text = (tmp_path / "one/figures/line.csv").read_text()
    assert text == "k,gain\n70,0.30000000000000004\n80,0.3333333333333333\n90,\n"
    read = pd.read_csv(tmp_path / "one/figures/line.csv", float_precision="round_trip")
    assert list(read["gain"][:2]) == [0.30000000000000004, 1 / 3] and math.isnan(read["gain"][2])
    assert (tmp_path / "one/figures/line.rst").read_text() == (
        "Two lines.\n\nn = 3 seeds (1, 2, 3). Bands: 95 % t intervals.\n\n"
        "Drawn from tables/summary.csv. The values drawn: figures/line.csv.\n"
    )


@pytest.mark.parametrize("rows", [[], [{"k": 1}, {"gain": 1}]])
def test_a_figure_without_data_is_not_written(tmp_path, rows):
    with pytest.raises(ValueError, match="rows of the same columns"):
        write_figure(two_lines(), tmp_path / "figures/line.png", rows, Caption("", [], []))
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("name", ["a", "a-system-of-a-very-long-name " * 5, "x" * 150])
def test_texts_have_room_and_legends_cover_nothing(name):
    figure = two_lines(name)
    assert_layout(figure)
    # The panel keeps its size, whatever stands beside it.
    width, height = figure.get_size_inches()
    box = figure.axes[0].get_position()
    assert (box.width * width, box.height * height) == pytest.approx((3.6, 2.6))


def test_the_rules_of_layout_notice_what_they_are_for():
    figure = two_lines()
    figure.axes[0].legend(loc="center")
    with pytest.raises(AssertionError, match="a legend covers"):
        assert_legends_clear(figure)
    figure.text(-0.05, 0.5, "cut")
    with pytest.raises(AssertionError, match="'cut'"):
        assert_texts_inside(figure)


#: What lies alone under a legend in the middle of a panel.
UNDER = {
    "band": lambda axis: axis.fill_between([1, 2], [2, 3], [4, 5]),
    "error bar": lambda axis: axis.errorbar([1.5], [-9], yerr=[20], linestyle="", barsabove=True),
    "vertical line": lambda axis: axis.vlines([1.5], 2, 5),
    "horizontal line": lambda axis: axis.hlines([3.5], 1, 2),
    "points": lambda axis: axis.scatter([1.5], [3.5]),
    "bar": lambda axis: axis.bar([1.5], [5]),
    "text": lambda axis: axis.text(1.5, 3.5, "word", ha="center", va="center"),
    "annotation": lambda axis: axis.annotate("word", (1.5, 3.5), ha="center", va="center"),
    "picture": lambda axis: axis.imshow(np.eye(2), extent=(1, 2, 2, 5), aspect="auto"),
    "map": lambda axis: axis.pcolormesh([1.4, 1.6], [3, 4], [[1.0]]),
}


@pytest.mark.parametrize("kind", UNDER)
def test_no_kind_of_data_may_lie_under_a_legend(kind):
    figure, [[axis]] = panels(1)
    UNDER[kind](axis)
    axis.set_xlim(1, 2)
    axis.set_ylim(2, 5)
    axis.legend([Line2D([], [])], ["a name"], loc="center")
    with pytest.raises(AssertionError, match="a legend covers"):
        assert_legends_clear(figure)
    axis.legend([Line2D([], [])], ["a name"], loc="upper left", bbox_to_anchor=(1.02, 1))
    assert_legends_clear(figure)


def test_ticks_outside_the_view_of_a_log_axis_are_no_cut_labels():
    """matplotlib gives labels to 1 and 100, which are never drawn."""
    figure, [[axis]] = panels(1)
    axis.plot([3, 90], [1, 2])
    axis.set_xscale("log")
    assert_layout(figure)


def test_a_long_name_is_shortened_in_its_middle():
    assert shortened("random-k95", 10) == "random-k95"
    assert shortened("random-k95-of-family", 11) == "rando…amily"
    assert len(shortened("x" * 99)) == 32


def test_a_caption_holds_no_markup_and_no_path_of_this_machine(tmp_path):
    png = tmp_path / "results/demo/figures/sub/x.png"
    sources = [tmp_path / "results/demo/tables/a_b.csv", "/elsewhere/user/units.npz"]
    text = Caption("*a* {{ 1 }}\n\n.. raw:: html", sources, [], notes=[".. raw:: html", "1. one"]).text(png)
    assert text == (
        "\\*a\\* \\{\\{ 1 \\}\\} .. raw\\:: html\n\nNo bands or bars.\n\n\\.. raw\\:: html\n\n\\1. one\n\n"
        "Drawn from tables/a\\_b.csv, units.npz. The values drawn: figures/sub/x.csv.\n"
    )


def test_of_many_files_a_caption_names_the_first_and_counts_the_others():
    png = Path("results/x/figures/training.png")
    curves = [f"results/x/training/{name}/s1/validation.csv" for name in "abcdefghi"]
    said = Caption("Curves.", curves, [1]).text(png)
    named = ", ".join(f"training/{name}/s1/validation.csv" for name in "abc")
    assert f"Drawn from {named} and 6 more of this name." in said
    assert "i/s1/validation.csv." in Caption("Curves.", curves[1:], [1]).text(png)  # of eight each is named
    other = Caption("Curves.", [*curves[1:], "results/x/units.csv"], [1]).text(png)
    assert "d/s1/validation.csv and 6 more." in other
