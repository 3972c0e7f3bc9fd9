"""The frame of ``make bench``, on sides that take what the test says: no process is timed."""

import json
import re
from pathlib import Path

import pytest

from tests.bench import benchmark, page
from tests.bench.benchmark import NAMES, Benchmark, Run, Runs, Sides, chosen, entry, measure
from workflow_scripts.common.errors import UserError

ROOT = Path(__file__).resolve().parents[3]


def side(name, values, order):
    """A side that takes these seconds, one after the other, and writes down when it ran."""
    left = iter(values)

    def run():
        order.append(name)
        return Run(next(left), 100.0)

    return run


def of(runs, prepare=None, name="x"):
    return Benchmark(name, "CPU s", runs, prepare)


def test_both_sides_run_in_turn_and_each_is_first_every_other_time():
    order = []
    sides = Sides(side("ours", [1, 2, 4], order), side("anchor", [3, 3, 8], order), flops=60.0)
    runs = measure(of(3), sides, rate=lambda: order.append("rate") or 30.0)
    assert order == ["rate", "ours", "anchor", "rate", "anchor", "ours", "rate", "ours", "anchor"]
    assert [run.value for run in runs.ours] == [1, 2, 4] and runs.rates == [30.0] * 3 and len(runs.loads) == 3


def test_a_ratio_is_of_medians_and_its_spread_of_pairs():
    """Medians 2 and 3; pairs 3/1, 3/2, 8/4. The products alone take 60/30 = 2 s on the median: 3/2."""
    runs = Runs(
        [Run(1, 0), Run(2, 0), Run(4, 0)], [Run(3, 0), Run(3, 0), Run(8, 0)], True, 60.0, [10.0, 30.0, 90.0]
    )
    found = {"name": "x", "ours": 2, "anchor": 3, "ratio": 1.5, "unit": "CPU s", "spread": [1.5, 3.0], "n": 3}
    assert entry(of(3), runs) == {**found, "limit": 1.5}


def test_an_anchor_of_before_is_compared_with_every_run():
    """Ours 2 and 4, of before 6 and 8: from 6/4 to 8/2."""
    order = []
    runs = measure(of(2), Sides(side("ours", [2, 4], order), [Run(6, 0), Run(8, 0)]))
    found = entry(of(2), runs)
    assert order == ["ours", "ours"] and not runs.paired
    assert (found["ratio"], found["spread"], found["n"], found["limit"]) == (7 / 3, [1.5, 4.0], 2, None)


@pytest.mark.parametrize(("asked", "found"), [([], list(NAMES)), (["demo", "count_1"], ["count_1", "demo"])])
def test_the_names_that_are_asked_for(asked, found):
    assert chosen(asked) == found


def test_a_wrong_name_is_one_line_with_the_nearest_right_one():
    with pytest.raises(UserError) as said:
        chosen(["count1"])
    assert str(said.value) == (
        f"NAMES: no benchmark 'count1' (did you mean 'count_1'?); there are {', '.join(NAMES)}"
    )


def test_each_of_the_twelve_has_a_file_of_its_name():
    files = {path.stem for path in (ROOT / "tests/bench/cases").glob("*.py")}
    assert files == set(NAMES) and len(NAMES) == 12
    assert [benchmark.case(name).name for name in NAMES] == list(NAMES)


@pytest.fixture
def cases(monkeypatch):
    """Two benchmarks, of which each process takes 3 s beside 6 s; what they were given."""
    given = []

    def prepare(folder, share, measured):
        given.append((share, sorted(measured)))
        return Sides(lambda: Run(3.0, 10.0), lambda: Run(6.0, 20.0))

    monkeypatch.setattr(benchmark, "case", lambda name: of(2, prepare, name))
    return given


def test_results_are_a_list_in_the_order_of_the_page(tmp_path, cases, capsys):
    for name in ("demo", "score_120"):
        benchmark.main([name, "--out", str(tmp_path)])
    assert cases == [(1.0, []), (1.0, ["demo"])]
    figures = json.loads((tmp_path / "benchmarks.json").read_text())
    assert [one["name"] for one in figures] == ["score_120", "demo"]
    keys = ["name", "ours", "anchor", "ratio", "unit", "spread", "n", "limit"]
    assert all(list(one) == keys and one["ratio"] == 2 and one["n"] == 2 for one in figures)
    runs = benchmark.read_runs(tmp_path)["demo"]
    assert runs.ours == [Run(3.0, 10.0)] * 2 and runs.machine and re.fullmatch(r"\d{4}-\d\d-\d\d", runs.date)
    assert capsys.readouterr().out.splitlines()[0] == ("demo: 2.00 (2.00 to 2.00), 3 against 6 CPU s, n = 2")


def test_a_share_of_the_work_is_run_once_and_not_kept(tmp_path, cases, capsys):
    benchmark.main(["demo", "--share", "0.1", "--out", str(tmp_path / "out")])
    assert cases == [(0.1, [])] and not (tmp_path / "out").exists()
    assert "n = 1" in capsys.readouterr().out


def test_a_side_may_say_its_own_value_and_processes_add_up(tmp_path):
    """The last word that is written is the value."""
    assert benchmark.by_its_own_clock(["/bin/echo", "some", "words\n2.5"])().value == 2.5
    took = benchmark.whole(["/bin/true"], ["/bin/true"])()
    assert 0 <= took.value < 2 and took.peak > 0


def test_the_page_says_where_ours_is_slower_and_where_figures_are_from():
    about = {"machine": "2 cores", "commit": "abc", "date": "2026-11-30"}
    runs = {
        "count_1": Runs([Run(2, 700)], [Run(5, 6400)], True, 60.0, [30e9], [1.5], **about),
        "demo": Runs([Run(8, 10)], [Run(6, 10)], False, loads=[3.0], anchor_from="commit old", **about),
    }
    figures = [entry(of(1, name="count_1"), runs["count_1"]), entry(of(1, name="demo"), runs["demo"])]
    figures[0]["limit"] = 4.0
    made = page.filled(f"# A\n{page.BEGIN}\nold\n{page.END}\nb\n", figures, runs).splitlines()
    assert made[0] == "# A" and made[-1] == "b" and "old" not in made
    assert made[5:7] == [
        "| `count_1` | CPU s | 2 | 5 | **2.50** | 2.50 to 2.50 | 4.0 | 62 % | 700, 6400 | 1 |",
        "| `demo` | CPU s | 8 | 6 | **0.75** | 0.75 to 0.75 | – | – | 10, 10 | 1 |",
    ]
    assert made[8] == "**Slower than the anchor: `demo` (0.75).**"
    assert made[10:12] == [
        "- commit abc, 2026-11-30, 2 cores, load 1.5 to 3.0, 30 GFLOP per CPU second: count_1, demo",
        "- the anchor of demo: commit old",
    ]


def test_a_ratio_that_is_not_sure_is_named():
    one = {"name": "x", "ratio": 1.1, "spread": [0.9, 1.3]}
    assert page.slower([one]) == "Nothing here is slower than its anchor. In some run slower: `x`."


def test_the_page_has_its_place_for_figures():
    text = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert text.count(page.BEGIN) == text.count(page.END) == 1
    with pytest.raises(ValueError, match="no single place"):
        page.filled("", [], {})
