"""operate.forced: what must be made again is named to Snakemake."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.operate.forced import with_forced

RESULTS = Path("results/x")
OPTIONS = ["--cores", "1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scores = tmp_path / RESULTS / "scores/baseline/s1"
    scores.mkdir(parents=True)
    (scores / "n.raw.json").write_text("{}")
    (scores / "n.paper.json").write_text("{}")
    return tmp_path


def test_whole_results_change_no_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert with_forced(OPTIONS, folder, RESULTS) == OPTIONS
    assert capsys.readouterr().err == ""


def test_a_damaged_file_is_forced_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = "results/x/scores/baseline/s1/n.raw.json"
    (folder / file).write_text('{"a": ')
    assert with_forced(OPTIONS, folder, RESULTS) == [*OPTIONS, "--forcerun", file]
    assert f"{file}: not JSON (" in capsys.readouterr().err
    given = [*OPTIONS, "-R", "score", "-n"]
    assert with_forced(given, folder, RESULTS) == [*OPTIONS, "-R", file, "score", "-n"]


def test_a_training_that_is_to_be_done_anew_is_forced(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ns-k95/s2", "ns-k95/s2.replaced-1"):
        training = folder / RESULTS / "training" / name
        training.mkdir(parents=True)
        (training / "retrain.json").write_text("{}")
    system = "results/x/systems/ns-k95/s2/system.json"
    assert with_forced(OPTIONS, folder, RESULTS) == [*OPTIONS, "--forcerun", system]
    assert "systems/ns-k95/s2: it is trained again, as make retrain asked" in capsys.readouterr().err
