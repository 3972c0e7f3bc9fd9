"""The figure of gains: each number where its direction and system are, significant ones marked."""

import pytest

from tests.figure_layout import assert_layout
from workflow_scripts.report.figures.gains import gain_rows, gains_figure
from workflow_scripts.report.tables.summary import CSV_COLUMNS


def summary(direction, system, baseline, continued, n="2", **more):
    values = dict.fromkeys(CSV_COLUMNS, "") | {"testset": "news", "profile": "raw", "metric": "bleu"}
    values |= {"grouping": "direction", "group": direction, "side": "both", "system": system}
    for column, gain in {"baseline": baseline, "continued": continued}.items():
        values |= {f"{column}_difference": gain, f"{column}_difference_n": n if gain else "0"}
        values |= {f"{column}_difference_sd": "0.5" if gain and n != "1" else ""}
    return values | more


def outcomes(direction, system, against, *said):
    place = {"testset": "news", "profile": "raw", "metric": "bleu", "direction": direction}
    return [place | {"system": system, "against": against, "outcome": one} for one in said]


SUMMARY = [
    summary("en-de", "baseline", "", "-9"),
    summary("en-de", "plain", "1.25", ""),
    summary("en-de", "ns", "-2.5", "0.04"),
    summary("en-fi", "plain", "0.5", ""),
    summary("en-fi", "ns", "3", "2"),
    summary("en-nl", "ns", "1", "0"),
    summary("en-fi", "ns", "7", "7", grouping="all"),
    summary("en-fi", "ns", "7", "7", without="finnish"),
    summary("en-fi", "ns", "7", "7", metric="chrf"),
]
TESTED = [
    *outcomes("en-de", "ns", "baseline", "loss", "loss"),
    *outcomes("en-fi", "ns", "baseline", "win", "tie"),
    *outcomes("en-fi", "ns", "plain", "win", "win"),
    *outcomes("en-nl", "ns", "plain", "win"),  # of one of two seeds
]
FAMILIES = {"uralic": ["fi"], "germanic": ["de", "nl"]}


def cells_of(axis):
    """(row, column) names -> text of the cell."""
    rows = [label.get_text() for label in axis.get_yticklabels()]
    columns = [label.get_text() for label in axis.get_xticklabels()]
    cells = [text for text in axis.texts if text.get_ha() == "center"]
    places = {tuple(map(round, text.get_position())): text.get_text() for text in cells}
    return {(rows[y], columns[x]): text for (x, y), text in places.items()}


def test_gains_and_marks_are_those_of_the_tables():
    rows = gain_rows(SUMMARY, TESTED, {}, "bleu", "plain")
    assert [(one["direction"], one["system"], one["against"], one["difference"]) for one in rows] == [
        ("en-de", "plain", "baseline", 1.25),
        ("en-de", "ns", "baseline", -2.5),
        ("en-de", "ns", "plain", 0.04),
        ("en-fi", "plain", "baseline", 0.5),
        ("en-fi", "ns", "baseline", 3.0),
        ("en-fi", "ns", "plain", 2.0),
        ("en-nl", "ns", "baseline", 1.0),
        ("en-nl", "ns", "plain", 0.0),
    ]
    assert [one["significant"] for one in rows] == ["", "loss", "", "", "", "win", "", ""]
    assert (rows[1]["sd"], rows[1]["n"]) == (0.5, 2)


def test_each_cell_stands_where_its_direction_and_system_are():
    figure = gains_figure(gain_rows(SUMMARY, TESTED, {}, "bleu", "plain"), FAMILIES, "en")
    baseline, control = figure.axes[:2]
    assert [label.get_text() for label in baseline.get_yticklabels()] == ["en-fi", "en-de", "en-nl"]
    assert cells_of(baseline) == {
        ("en-fi", "plain"): "+0.5",
        ("en-fi", "ns"): "+3.0",
        ("en-de", "plain"): "+1.3",
        ("en-de", "ns"): "-2.5†",
        ("en-nl", "ns"): "+1.0",
    }
    assert cells_of(control) == {("en-fi", "ns"): "+2.0‡", ("en-de", "ns"): "+0.0", ("en-nl", "ns"): "+0.0"}
    assert baseline.images[0].get_array().mask[2, 0]  # plain lacks en-nl
    assert baseline.images[0].get_array()[1, 1] == -2.5
    # The colours are even around zero, the same in both panels.
    assert {(image.norm.vmin, image.norm.vmax) for axis in (baseline, control) for image in axis.images} == {
        (-3, 3)
    }
    titles = [axis.get_title().replace("\n", " ") for axis in (baseline, control)]
    assert titles == ["gain over baseline", "gain over plain"]
    families = [text.get_text().strip() for text in control.texts if text.get_ha() == "left"]
    assert families == ["uralic", "germanic"]
    assert_layout(figure)


def test_of_more_systems_than_directions_the_systems_are_rows():
    rows = [summary("en-fi", "c", "3", "2"), summary("en-de", "c", "1", "")]
    rows += [summary("en-fi", "a", "0.5", "-1"), summary("en-de", "b", "2", "")]
    families = {"a family of a very long name": ["fi"], "germanic": ["de"]}
    figure = gains_figure(gain_rows(rows, [], {}, "bleu", "plain"), families, "en")
    baseline, control = figure.axes[:2]
    assert cells_of(baseline) == {
        ("c", "en-fi"): "+3.0",
        ("c", "en-de"): "+1.0",
        ("a", "en-fi"): "+0.5",
        ("b", "en-de"): "+2.0",
    }
    assert cells_of(control) == {("c", "en-fi"): "+2.0", ("a", "en-fi"): "-1.0"}
    assert baseline.images[0].get_array().filled(0).tolist() == [[3, 1], [0.5, 0], [0, 2]]
    (edge,) = baseline.child_axes
    assert [label.get_text() for label in edge.get_xticklabels()] == ["a family o…long name", "germanic"]
    assert list(edge.get_xticks()) == [0, 1]  # above their columns
    assert [label.get_rotation() for label in edge.get_xticklabels()] == [90, 90]
    assert_layout(figure)
    # One panel is below the other, and rows are of one height.
    assert baseline.get_position().y0 > control.get_position().y1
    assert baseline.get_position().height / 3 == pytest.approx(control.get_position().height / 2)


def test_a_system_of_draws_is_significant_where_every_draw_is():
    rows = [summary("en-de", "random", "1", "", n="1")]
    draws = {"random": ["random-1", "random-2"]}
    wins = outcomes("en-de", "random-1", "baseline", "win") + outcomes("en-de", "random-2", "baseline", "win")
    assert [one["significant"] for one in gain_rows(rows, wins, draws, "bleu")] == ["win"]
    assert [one["significant"] for one in gain_rows(rows, wins[:1], draws, "bleu")] == [""]
    mixed = [*wins[:1], {**wins[1], "outcome": "loss"}]
    assert [one["significant"] for one in gain_rows(rows, mixed, draws, "bleu")] == [""]


@pytest.mark.parametrize(
    ("directions", "families", "system"),
    [
        (1, {}, "ns"),
        (
            60,
            {"a family of a very long name": ["x0", "x1"], "b": ["x2"]},
            "a_system_of_a_very_long_name_" * 3,
        ),
        (121, {}, "ns"),
    ],
)
def test_layout(directions, families, system):
    rows = [summary(f"en-x{n}", one, f"{n}", f"-{n}") for n in range(directions) for one in (system, "b")]
    figure = gains_figure(gain_rows(rows, [], {}, "bleu", "plain"), families, "en")
    assert_layout(figure)
    assert bool(cells_of(figure.axes[0])) == (directions <= 120)
