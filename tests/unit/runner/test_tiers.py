"""Which environment a file of tests has, and what is left out."""

from pathlib import Path

import pytest

from tests.runner import tiers, units

ROOT = Path(__file__).resolve().parents[3]


def files(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.mark.parametrize(
    ("file", "environment"),
    [
        ("tests/unit/data/deep/test_a.py", "text"),
        ("tests/unit/test_files.py", "text"),
        ("tests/unit/test_new.py", None),
        ("tests/unit/data_of_another/test_a.py", None),
        ("tests/training/test_a.py", "fairseq"),
    ],
)
def test_the_longest_folder_that_holds_a_file_counts(file, environment):
    assert tiers.environment_of(file) == environment


def test_a_longer_name_wins(monkeypatch):
    monkeypatch.setitem(tiers.ENVIRONMENT_OF, "tests/training/hub", "comet")
    assert tiers.environment_of("tests/training/hub/test_a.py") == "comet"
    assert tiers.environment_of("tests/training/test_hub.py") == "fairseq"


def test_a_file_without_environment_or_tier_is_named(tmp_path):
    files(tmp_path, "tests/unit/data/test_a.py", "tests/unit/new/test_b.py", "tests/golden/test_c.py")
    assert tiers.uncovered(tmp_path) == ["tests/golden/test_c.py", "tests/unit/new/test_b.py"]


def test_every_file_here_is_run_once():
    assert tiers.uncovered(ROOT) == []
    chosen = tiers.sessions(ROOT, [*tiers.TIERS, *tiers.SERVICES])
    assert sorted(file for session in chosen for file in session.files) == tiers.test_files(ROOT)
    assert [s.name for s in chosen] == [*tiers.ENVIRONMENTS, "browser", "slurm"]


def test_an_entry_of_the_table_that_holds_nothing_is_seen():
    assert [place for place in tiers.ENVIRONMENT_OF if not (ROOT / place).exists()] == []


def test_sessions_are_those_of_the_tiers_and_files_named(tmp_path):
    names = (
        "tests/unit/data/test_a.py",
        "tests/unit/comet/test_b.py",
        "tests/training/test_c.py",
        "tests/slurm/test_d.py",
    )
    files(tmp_path, *names)

    def chosen(suites, places):
        return [(s.name, s.files, s.limit, s.distributed) for s in tiers.sessions(tmp_path, suites, places)]

    assert chosen(["unit"], []) == [("text", names[:1], 900, True), ("comet", names[1:2], 900, True)]
    assert chosen([], ["tests/unit/comet/", "tests/training/test_c.py"]) == [
        ("comet", names[1:2], 900, True),
        ("fairseq", names[2:3], 900, True),
    ]
    assert chosen(["slurm"], []) == [("slurm", names[3:], 1800, False)]


def test_a_suite_that_runs_tests_again_is_run_by_name_alone(tmp_path):
    names = "tests/unit/models/huggingface/deep/test_a.py", "tests/unit/models/test_b.py"
    files(tmp_path, *names)
    (again,) = tiers.sessions(tmp_path, ["hf4"])
    assert (again.name, again.environment, again.filled_by) == ("hf4", "comet", "hf")
    assert again.files == names[:1]
    assert [s.name for s in tiers.sessions(tmp_path, ["unit"])] == ["hf", "fairseq"]
    for folder, environment, more in tiers.AGAIN.values():
        assert tiers.environment_of(f"{folder}/test_a.py") == more != environment


def test_the_longest_unit_comes_first_and_stays_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(units, "LONGEST", tmp_path / "longest.txt")
    b, c, gone = "tests/run_all.py::b", "tests/forked.py::c with words", "tests/gone.py::test_gone"
    units.write_seconds({b: 3.4, c: 50.0, gone: 2.4, "short": 1.9})
    assert (tmp_path / "longest.txt").read_text().splitlines()[1:] == [f"50 {c}", f"3 {b}", f"2 {gone}"]
    units.write_seconds({b: 7.0})
    assert units.read_seconds() == {b: 7.0, c: 50.0}
    monkeypatch.setattr(units, "unit_of", lambda item: item[0])
    items = [("a", 1), (b, 1), ("a", 2), (c, 1), (b, 2), ("d", 1)]
    units.longest_first(items)
    assert items == [(c, 1), (b, 1), (b, 2), ("a", 1), ("a", 2), ("d", 1)]
