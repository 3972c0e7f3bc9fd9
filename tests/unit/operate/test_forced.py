"""operate.forced: what must be made again is named to Snakemake."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from workflow_scripts.errors import UserError
from workflow_scripts.operate.forced import with_forced

CONFIG = {
    "experiment": "x",
    "languages": ["en", "de"],
    "pivot": "en",
    "data": {
        "source": {"type": "files", "train": "t.{lang}", "valid": "v.{lang}", "tests": {"n": "n.{lang}"}}
    },
}


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(CONFIG))
    folder = tmp_path / "results/x/scores/baseline/s1"
    folder.mkdir(parents=True)
    (folder / "n.raw.json").write_text("{}")
    (folder / "n.paper.json").write_text("{}")
    return ["--cores", "1", "--configfile", str(tmp_path / "c.yaml"), "--directory", str(tmp_path)]


def test_whole_results_change_no_option(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert with_forced(options) == options
    assert capsys.readouterr().err == ""


def test_a_damaged_file_is_forced_and_told(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results/x/scores/baseline/s1/n.raw.json").write_text('{"a": ')
    file = "results/x/scores/baseline/s1/n.raw.json"
    assert with_forced(options) == [*options, "--forcerun", file]
    assert f"{file}: not JSON (" in capsys.readouterr().err
    assert with_forced([*options, "-R", "score", "-n"]) == [*options, "-R", file, "score", "-n"]


def test_mistakes_of_the_config_are_told_before_anything(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({**CONFIG, "pivvot": "en"}))
    with pytest.raises(
        UserError, match=r"c.yaml, line \d+: pivvot: unknown key 'pivvot' \(did you mean 'pivot'"
    ):
        with_forced(options)


def test_single_keys_on_the_command_line_are_left_to_snakemake(options: list[str]) -> None:
    """`--config` is not short for `--configfile`."""
    given = [*options, "--config", "masks={k: [70]}"]
    assert with_forced(given) == given
