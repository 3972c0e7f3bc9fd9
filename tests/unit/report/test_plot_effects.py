"""Effect matrices: cells stand where they belong, own ones are framed, 0 is the middle of the colours."""

import math

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from tests.unit.report.drawn import read_csv, write_job
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures import plot_effects
from workflow_scripts.report.figures.plot_effects import cells, effects_figure

NAMES = ["na", "sa", "ne"]
FAMILIES = {"north": ["ne", "na"], "south": ["sa"]}
#: Units of na, sa, ne (down); loss of na, sa, ne (across).
RAW = [[0.5, 0.25, -0.125], [0.0, 1.0, 0.125], [0.25, 0.5, 2.0]]
CENTRED = [[0.125, -0.25, -0.5], [0.0, 0.5, -0.25], [-0.5, 0.25, 0.75]]


def rows_of(add=0.0, side="out of en", name="lape", size="5%", languages=NAMES, raw=RAW, centred=CENTRED):
    """The table of a job, with ``add`` added to every raw cell."""
    return [
        {
            "side": side, "set": name, "size": size, "units_of": one, "loss_of": other,
            "raw": raw[y][x] + add, "centred": centred[y][x],
        }
        for y, one in enumerate(languages)
        for x, other in enumerate(languages)
    ]  # fmt: skip


def as_text(*tables):
    return [{name: str(value) for name, value in one.items()} for rows in tables for one in rows]


def drawn_values(axis):
    (image,) = axis.images
    return np.ma.filled(image.get_array().astype(float), np.nan)


def frames(axis):
    """Row and column of each cell with a frame."""
    boxes = [patch for patch in axis.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    return [(box.get_y() + 0.5, box.get_x() + 0.5) for box in boxes]


def result_of(seed):
    sides = {"out of en": {"stack": "decoder"}, "into en": {"stack": "encoder"}}
    return {
        "format": "neuronspec-effect-matrix-1", "system": "ns", "seed": seed, "subset": "test",
        "replace": "zero", "sides": sides,
    }  # fmt: skip


def test_means_over_seeds_stand_in_the_order_of_families():
    figure = effects_figure(cells(as_text(rows_of(), rows_of(0.5)), "lape"), FAMILIES)
    raw, centred = figure.axes
    # The mean of both seeds is 0.25 more; families put ne before na, and sa last.
    assert drawn_values(raw).tolist() == [[2.25, 0.5, 0.75], [0.125, 0.75, 0.5], [0.375, 0.25, 1.25]]
    assert drawn_values(centred).tolist() == [[0.75, -0.5, 0.25], [-0.5, 0.125, -0.25], [-0.25, 0.0, 0.5]]
    for axis in figure.axes:
        assert [text.get_text() for text in axis.get_xticklabels()] == ["ne", "na", "sa"]
        assert [text.get_text() for text in axis.get_yticklabels()] == ["ne", "na", "sa"]
        assert frames(axis) == [(0, 0), (1, 1), (2, 2)]
        # One scale for both, with 0 in the middle.
        assert axis.images[0].get_clim() == (-2.25, 2.25)
    written = [text.get_text() for text in raw.texts]
    assert written[:3] == ["+2.250", "+0.500", "+0.750"]
    assert raw.get_title().replace("\n", " ") == "out of en, 5%: raw"


def test_without_families_the_order_is_that_of_the_table():
    raw = effects_figure(cells(as_text(rows_of()), "lape"), {}).axes[0]
    assert drawn_values(raw).tolist() == RAW
    assert [text.get_text() for text in raw.texts][2] == "−0.125"


def test_an_undefined_cell_is_hatched_and_told(tmp_path):
    one = rows_of()
    one[1]["raw"] = ""
    job = write_job(tmp_path / "analysis", "s1", result_of(1), one)
    arguments = ["--results", str(job), "--criterion", "lape", "--out", str(tmp_path / "figures" / "e.png")]
    plot_effects.main(arguments)
    figure = effects_figure(cells(as_text(one), "lape"), {})
    raw = figure.axes[0]
    assert math.isnan(drawn_values(raw)[0, 1])
    (said,) = (text.get_position() for text in raw.texts if text.get_text() == "n/a")
    assert said == (1, 0)
    (hatched,) = (patch for patch in raw.patches if patch.get_hatch())
    assert (hatched.get_y() + 0.5, hatched.get_x() + 0.5) == (0, 1)
    assert "Hatched: 1 cell without a value" in (tmp_path / "figures" / "e.rst").read_text().replace("\\", "")
    (cell,) = (r for r in read_csv(tmp_path / "figures" / "e.csv") if not r["raw"])
    assert (cell["units_of"], cell["loss_of"], cell["raw_seeds"], cell["centred"]) == (
        "na",
        "sa",
        "0",
        "-0.25",
    )


def test_a_row_of_panels_for_each_side_and_size_of_one_criterion(tmp_path):
    tables = [
        rows_of(),
        rows_of(1, size="1%"),
        rows_of(2, side="into en", languages=NAMES[:2]),
        rows_of(3, name="difference"),
        rows_of(9, name="random-1"),
    ]
    job = write_job(tmp_path / "analysis", "s1", result_of(1), [one for table in tables for one in table])
    arguments = ["--results", str(job), "--out", str(tmp_path / "figures" / "e.png")]
    plot_effects.main([*arguments, "--criterion", "lape", "--families", '{"north": ["na", "ne"]}'])
    found = effects_figure(cells(as_text(*tables), "lape"), {})
    assert [axis.get_title().replace("\n", " ") for axis in found.axes] == [
        "out of en, 5%: raw", "out of en, 5%: centred", "out of en, 1%: raw", "out of en, 1%: centred",
        "into en, 5%: raw", "into en, 5%: centred",
    ]  # fmt: skip
    assert drawn_values(found.axes[4]).tolist() == [[2.5, 2.25], [2.0, 3.0]]
    table = read_csv(tmp_path / "figures" / "e.csv")
    assert len(table) == 9 + 9 + 4
    assert table[0] == {
        "side": "out of en", "size": "5%", "units_of": "na", "loss_of": "na", "raw": "0.5", "raw_sd": "",
        "raw_seeds": "1", "centred": "0.125", "centred_sd": "", "centred_seeds": "1",
    }  # fmt: skip
    said = (tmp_path / "figures" / "e.rst").read_text().replace("\\", "")
    assert "Effect matrices of ns by lape" in said and "n = 1 seed (1)" in said
    assert "out of en: units of the decoder; into en: units of the encoder" in said
    assert "Languages stand by family (north: na, ne)" in said
    with pytest.raises(UserError, match=r"--criterion: no matrix by 'lap' \(did you mean 'lape'\?\)"):
        plot_effects.main([*arguments, "--criterion", "lap"])
    with pytest.raises(UserError, match=r"--families: not of the shape"):
        plot_effects.main([*arguments, "--criterion", "lape", "--families", '{"north": "na"}'])


def test_cells_that_are_all_0_are_the_middle_of_the_colours():
    zero = [[0.0] * 3] * 3
    raw = effects_figure(cells(as_text(rows_of(raw=zero, centred=zero)), "lape"), {}).axes[0]
    assert raw.images[0].get_clim() == (-1, 1)
