"""report.figures.plot_off_target: the cells worked out by hand, and the same bytes twice."""

import json

import pytest
from matplotlib.colors import to_rgba

from tests.figure_layout import assert_layout
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures.figure import MISSING
from workflow_scripts.report.figures.plot_off_target import (
    Cell,
    main,
    off_target_figure,
    off_target_rows,
    read_cells,
)


def entry(labels, rate, references=0.0):
    return {"labels": labels, "off_target_rate": rate, "references_off_target_rate": references}


def lay(root, **of):
    """Files of two seeds of ``baseline`` and ``ns``; ``baseline1`` …: en-de of that system and seed."""
    for system in ("baseline", "ns"):
        for seed in (1, 2):
            given = of.get(f"{system}{seed}", entry({"de": 10}, 0.0, 0.01))
            path = root / system / f"s{seed}/test.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"directions": {"en-de": given, "de-en": entry({}, None)}}))
    return root


def test_mean_over_seeds_and_the_language_of_most(tmp_path):
    # Seed 1: 3 of 10 wrong, seed 2: 1 of 10. In sum 2 English and 2 Dutch: of two alike the first by name.
    root = lay(
        tmp_path,
        ns1=entry({"de": 7, "en": 1, "nl": 2}, 0.3, 0.01),
        ns2=entry({"de": 9, "en": 1}, 0.1, 0.01),
        baseline1=entry({"de": 8, "nl": 2}, 0.2, 0.01),
    )
    cells = read_cells(root, ["baseline", "ns"], [1, 2], "test", ["en-de", "de-en"])
    assert cells == {
        "en-de": [Cell(0.01), Cell(0.1, "nl"), Cell(pytest.approx(0.2), "en")],
        "de-en": [Cell(0.0), Cell(None), Cell(None)],  # nothing was written: no rate
    }
    assert [cell.text for cell in cells["en-de"]] == ["1.0", "10.0 nl", "20.0 en"]
    assert [cell.text for cell in cells["de-en"]] == ["0", "n/a", "n/a"]


def test_a_direction_that_a_system_lacks_is_not_judged(tmp_path):
    root = lay(tmp_path)
    for seed in (1, 2):
        path = root / f"ns/s{seed}/test.json"
        path.write_text(json.dumps({"directions": {"en-de": entry({"de": 10}, 0.1)}}))
    words = (root, ["baseline", "ns"], [1, 2], "test", ["en-de", "de-en"])
    assert read_cells(*words, {"ns": ["en-de"]})["de-en"] == [Cell(0.0), Cell(None), Cell(None)]
    assert read_cells(*words, {"ns": ["en-de"]})["en-de"][2] == Cell(0.1)
    # Without being told so, it is a file that lacks something.
    with pytest.raises(UserError, match=r"ns/s1/test\.json: not a file of off-target rates"):
        read_cells(*words)
    given = ["--partial-systems", '{"ns": ["en-de"]}']
    main([*arguments(root, tmp_path / "a.png"), *given])
    assert (tmp_path / "a.png").is_file()


def arguments(root, out):
    words = ["--root", str(root), "--systems", "baseline", "ns", "--seeds", "1", "2", "--testset", "test"]
    return [*words, "--directions", "en-de", "de-en", "--out", str(out)]


def test_drawn_twice_the_same_bytes(tmp_path):
    root = lay(tmp_path / "off_target", ns1=entry({"en": 10}, 1.0))
    for name in ("a", "b"):
        main(arguments(root, tmp_path / name / "rates.png"))
    for ending in ("png", "pdf", "csv", "rst"):
        assert (tmp_path / f"a/rates.{ending}").read_bytes() == (tmp_path / f"b/rates.{ending}").read_bytes()
    assert (tmp_path / "a/rates.csv").read_text() == (
        "direction,system,off_target_rate,language\nen-de,references,0.01,\nen-de,baseline,0.0,\n"
        "en-de,ns,0.5,en\nde-en,references,0.0,\nde-en,baseline,,\nde-en,ns,,\n"
    )


def test_what_was_not_judged_is_grey_and_not_as_zero():
    (axis,) = off_target_figure({"en-de": [Cell(0.0), Cell(None)]}, ["ns"], "test").axes
    image = axis.images[0]
    zero, none = image.cmap(image.norm(image.get_array()))[0]
    assert tuple(none) == to_rgba(MISSING)
    assert tuple(round(255 * part) for part in zero) == (255, 245, 235, 255)  # the lightest orange


def test_each_cell_stands_where_its_direction_and_system_are():
    rows = {
        "en-de": [Cell(0.01), Cell(0.25, "nl"), Cell(0.5, "en")],
        "de-en": [Cell(0.0), Cell(None), Cell(0.125, "de")],
    }
    (axis,) = off_target_figure(rows, ["baseline", "ns"], "news").axes
    columns = [text.get_text() for text in axis.get_xticklabels()]
    directions = [text.get_text() for text in axis.get_yticklabels()]
    assert list(axis.get_xticks()) == [0, 1, 2] and list(axis.get_yticks()) == [0, 1]
    assert columns == ["references", "baseline", "ns"]
    assert directions == ["en-de", "de-en"]
    written = {}
    for text in axis.texts:
        x, y = text.get_position()
        written[directions[y], columns[x]] = text.get_text()
    assert written == {
        ("en-de", "references"): "1.0",
        ("en-de", "baseline"): "25.0 nl",
        ("en-de", "ns"): "50.0 en",
        ("de-en", "references"): "0",
        ("de-en", "baseline"): "n/a",
        ("de-en", "ns"): "12.5 de",
    }
    (image,) = axis.images
    assert image.get_array().filled(-1).tolist() == [[0.01, 0.25, 0.5], [0.0, -1.0, 0.125]]
    # White is none, dark all; the first row is above.
    assert (image.norm.vmin, image.norm.vmax, image.cmap.name) == (0, 1, "Oranges")
    assert axis.yaxis_inverted() and not axis.xaxis_inverted()
    assert axis.get_title().replace("\n", " ") == "news: % off target, and the language that most of it is in"


def test_of_more_systems_than_directions_the_systems_are_rows():
    rows = {"en-de": [Cell(0.01), Cell(0.25, "nl"), Cell(None)]}
    (axis,) = off_target_figure(rows, ["baseline", "ns"], "news").axes
    assert [text.get_text() for text in axis.get_xticklabels()] == ["en-de"]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["references", "baseline", "ns"]
    assert [text.get_text() for text in axis.texts] == ["1.0", "25.0 nl", "n/a"]
    assert axis.images[0].get_array().filled(-1).tolist() == [[0.01], [0.25], [-1.0]]


def test_what_is_drawn_depends_on_the_rates(tmp_path):
    main(arguments(lay(tmp_path / "none"), tmp_path / "a.png"))
    main(arguments(lay(tmp_path / "some", ns1=entry({"en": 10}, 1.0)), tmp_path / "b.png"))
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(("directions", "system"), [(1, "ns"), (60, "a_system_of_a_very_long_name_" * 3)])
def test_layout(directions, system):
    cells = {f"en-x{n}": [Cell(0.0), Cell(0.5, "de"), Cell(None)] for n in range(directions)}
    assert_layout(off_target_figure(cells, ["baseline", system], f"test-{system}"))
    assert len(off_target_rows(cells, ["baseline", system])) == 3 * directions
