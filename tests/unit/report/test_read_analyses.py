"""Tables of analyses as rows with what was analysed in front; means over seeds, and chance."""

import math

import pytest

from tests.unit.report.drawn import OF_TWO, write_job
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures.over_seeds import Chance, bars_over_seeds, over_seeds, undefined_note
from workflow_scripts.report.read.analyses import number, read_analysis

FORM = "neuronspec-something-1"


def read(*paths, names=("system", "seed")):
    return read_analysis(paths, FORM, names, ("size", "mean"), ("mean",))


def job(folder, seed, mean="1.5", **other):
    result = {"format": FORM, "system": "ns", "seed": seed, **other}
    return write_job(folder, f"s{seed}", result, [{"size": "5%", "mean": mean}])


def test_rows_of_all_jobs_have_their_names_in_front(tmp_path):
    found = read(job(tmp_path, 1), job(tmp_path, 2, mean=""))
    assert found.rows == [
        {"system": "ns", "seed": "1", "size": "5%", "mean": "1.5"},
        {"system": "ns", "seed": "2", "size": "5%", "mean": ""},
    ]
    assert found.files == [str(tmp_path / "s1.json"), str(tmp_path / "s2.json")]
    assert found.one("system") == "ns"
    assert number("1.5") == 1.5 and math.isnan(number(""))


def test_wrong_files_are_named(tmp_path):
    one = job(tmp_path / "a", 1)
    with pytest.raises(UserError, match=r"b/s1\.json: of ns 1, as is .*a/s1\.json; name one of them"):
        read(one, job(tmp_path / "b", 1))
    with pytest.raises(UserError, match=r"s2\.json: of system other, others are of ns"):
        read(one, job(tmp_path, 2, system="other")).one("system")
    with pytest.raises(UserError, match=r"s3\.json: its format is 'x', not neuronspec-something-1"):
        read(job(tmp_path, 3, format="x"))
    with pytest.raises(UserError, match=r"s4\.csv, line 2: mean is 'y', not a number"):
        read(job(tmp_path, 4, mean="y"))
    with pytest.raises(UserError, match=r"s5\.json: not a neuronspec-something-1 file \(KeyError: 'stack'\)"):
        read(job(tmp_path, 5), names=("stack",))
    one.with_suffix(".csv").unlink()
    with pytest.raises(
        UserError, match=r"s1\.csv: no such file; the job that writes s1\.json writes it, too"
    ):
        read(one)
    with pytest.raises(UserError, match=r"gone\.json: no such file"):
        read(tmp_path / "gone.json")


def test_a_mean_over_seeds_leaves_out_what_is_undefined():
    found = over_seeds([0.1, math.nan, 0.3])
    assert (found.mean, found.n) == (pytest.approx(0.2), 2)
    assert found.half == pytest.approx(0.2 * OF_TWO)
    assert (over_seeds([4.0]).mean, over_seeds([4.0]).half) == (4.0, None)
    assert math.isnan(over_seeds([math.nan]).mean) and over_seeds([]).n == 0


def test_chance_is_the_widest_of_the_seeds():
    rows = [
        {"random_mean": "1", "random_low": "0.5", "random_high": "1.5"},
        {"random_mean": "3", "random_low": "-0.5", "random_high": "6.5"},
        {"random_mean": "", "random_low": "", "random_high": ""},
    ]
    assert Chance.of(rows) == Chance(2.0, -0.5, 6.5)
    assert all(math.isnan(value) for value in (lambda c: (c.mean, c.low, c.high))(Chance.of(rows[2:])))


def test_captions_say_what_bars_are_and_what_is_not_drawn():
    assert bars_over_seeds(["7"]) == "One seed: no interval over seeds is drawn."
    assert bars_over_seeds(["1", "2"]) == "Bars: the 95 % t interval of the mean over seeds."
    assert undefined_note([1.0, math.nan]) == ["1 value is undefined and not drawn."]
    assert undefined_note([math.nan, math.nan]) == ["2 values are undefined and not drawn."]
    assert undefined_note([0.0, -1.0]) == []
