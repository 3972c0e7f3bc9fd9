"""What the manifest says that a file was made with; and which files it keeps."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.workflow.small_results import experiment, lay_down_results
from workflow_scripts.common.files import read_json
from workflow_scripts.workflow.provenance import made_on as provenance
from workflow_scripts.workflow.provenance.known_records import is_of
from workflow_scripts.workflow.provenance.made_with import Made, Settings, is_listed, portable_value
from workflow_scripts.workflow.provenance.manifest import Written, write_manifest
from workflow_scripts.workflow.software.environments import ROOT

RESULTS = Path("results/tiny")
NAME = "translations/baseline/s1/news/de-en.txt"
SOURCE = "data/text/news/de-en.de.txt"
DECODE = "run-in text decode {params.options}"
BEAM_5 = Settings("decode", DECODE, {"options": "--beam 5", "code": "a" * 16})
BEAM_1 = Settings("decode", DECODE, {"options": "--beam 1", "code": "a" * 16})
TODAY = {"decode": Settings("decode", DECODE, {"code": "a" * 16})}
USED = ("text", "evaluate", "fairseq")


def test_a_file_in_a_folders_place_hides_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "tables").touch()
    file = str(tmp_path / "tables/summary.md")
    assert is_listed(file, {"sha256": "a" * 64, "bytes": 7, "mtime_ns": 7})
    assert is_of(None, file)


def test_an_output_that_is_a_link_has_the_time_of_the_link(tmp_path: Path) -> None:
    weights, link = tmp_path / "baseline.safetensors", tmp_path / "pruned.safetensors"
    weights.touch()
    os.utime(weights, (1000, 1000))
    link.symlink_to(weights.name)
    made = link.lstat().st_mtime
    for endtime, known in ((made, True), (1000, True), (made - 100, False), (None, True)):
        assert is_of(SimpleNamespace(endtime=endtime), str(link)) is known


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every output of an experiment, in the working directory."""
    monkeypatch.chdir(tmp_path)
    return lay_down_results(tmp_path, experiment())


def write(files: list[str], settings: Settings | None = None, **changes: Any) -> Written:
    made = {}
    if settings:
        read = (f"{RESULTS}/{SOURCE}", "…/extra.txt")
        made = {f"{RESULTS}/{NAME}": Made(settings, read, (SOURCE,), (("…/extra.txt", "f" * 64),))}
    given = {"rules": TODAY, "used": USED, **changes.pop("given", {})}
    return write_manifest(experiment(**changes), str(RESULTS), ROOT, files, None, made=made, **given)


def said(name: str = NAME) -> dict[str, Any]:
    """Return what the manifest says that a file was made with."""
    manifest = read_json(RESULTS / "manifest.json")
    entry: dict[str, Any] = manifest["files"][name]
    found = manifest["settings"].get(entry.get("settings"), {})
    return {**{key: entry.get(key) for key in ("inputs", "content", "sources")}, **found}


def test_settings_stand_beside_the_hash(files: list[str]) -> None:
    write(files, BEAM_5)
    assert {
        key: value for key, value in said().items() if key in ("rule", "command", "params", "sources")
    } == {
        "rule": "decode",
        "command": DECODE,
        "params": {"options": "--beam 5", "code": "a" * 16},
        "sources": [["…/extra.txt", "f" * 64]],
    }
    # Of two other names, and of another content, there are other digests.
    first = said()
    (RESULTS / SOURCE).write_text("another text\n")
    write(files, BEAM_5)
    assert said()["inputs"] == first["inputs"]
    assert said()["content"] != first["content"]
    assert len(read_json(RESULTS / "manifest.json")["settings"]) == 1


def test_what_nothing_is_known_of_says_nothing(files: list[str]) -> None:
    write(files, BEAM_5)
    assert "settings" not in read_json(RESULTS / "manifest.json")["files"][SOURCE]


def test_settings_stay_while_the_content_does(files: list[str]) -> None:
    """A later run with another beam, that had no record of the file: the file was made with the old one."""
    write(files, BEAM_5)
    os.utime(RESULTS / NAME, ns=(1, 1))  # copied
    write(files, decode={"beam": 1})
    assert said()["params"]["options"] == "--beam 5"
    write(files, BEAM_1)
    assert said()["params"]["options"] == "--beam 1"


def test_other_content_has_no_settings(files: list[str]) -> None:
    write(files, BEAM_5)
    (RESULTS / NAME).write_text("of nobody knows what\n")
    write(files)
    assert said() == {"inputs": None, "content": None, "sources": None}
    assert read_json(RESULTS / "manifest.json")["settings"] == {}


def test_of_what_was_deleted_the_settings_stay(files: list[str]) -> None:
    write(files, BEAM_5)
    (RESULTS / NAME).unlink()
    write(files)
    said = read_json(RESULTS / "manifest.json")
    assert NAME not in said["files"]
    assert said["settings"][said["deleted"][NAME]["settings"]]["params"]["options"] == "--beam 5"
    # A run of some targets; then one whose plan does not hold it any more.
    write(some(files))
    assert NAME in read_json(RESULTS / "manifest.json")["deleted"]
    write(some(files), decode={"beam": 1})
    assert "deleted" not in read_json(RESULTS / "manifest.json")


def test_a_manifest_of_an_earlier_version_is_read(files: list[str]) -> None:
    write(files)
    path = RESULTS / "manifest.json"
    older = read_json(path)
    del older["settings"]
    path.write_text(json.dumps(older))
    assert write(files).hashed == 0
    assert read_json(path)["files"] == older["files"]


def some(files: list[str]) -> list[str]:
    return [file for file in files if "/data/" in file]


def test_an_environment_that_no_rule_uses_drops_nothing(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """COMET's, set up for another experiment after this one had run; then a run of some targets."""
    sets = {name: {"from": "lock", "packages": {name: "1"}} for name in (*USED, "comet", "workflow")}
    monkeypatch.setattr(provenance, "environments", lambda venvs, names: {name: sets[name] for name in names})
    write(files, given={"used": (*USED, "comet")})  # as earlier versions listed all that there are
    sets["comet"] = {"from": "interpreter", "packages": {"comet": "2"}}
    (RESULTS / SOURCE).write_text("another text\n")
    assert write(some(files)).files == len(files)
    assert set(read_json(RESULTS / "manifest.json")["environments"]) == {*USED, "workflow"}
    # One that is used: what was made in it may be out of date.
    sets["text"] = {"from": "interpreter", "packages": {"text": "2"}}
    (RESULTS / SOURCE).write_text("yet another text\n")
    assert write(some(files)).files == len(some(files))


def test_another_commit_drops_nothing_that_today_s_code_made(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(files, BEAM_5)
    monkeypatch.setattr(provenance, "code", lambda checkout: {"commit": "another"})
    assert write(some(files)).files == len(some(files)) + 1  # of the others nothing says the code
    assert said()["rule"] == "decode"
    other = {"decode": Settings("decode", DECODE, {"code": "b" * 16})}
    assert write(some(files), given={"rules": other}).files == len(some(files))


def test_a_param_is_told_without_paths_of_the_machine() -> None:
    value = {
        "a": "--folder '/home/me/models/x' --beam 5",
        "b": '{"file": "/data/published.csv", "n": 1}',
        "c": ("results/tiny/a", 1.5, None, True),
        "d": "--home https://example.org/a/b",
    }
    assert portable_value(value) == {
        "a": "--folder '…/x' --beam 5",
        "b": '{"file": "…/published.csv", "n": 1}',
        "c": ["results/tiny/a", 1.5, None, True],
        "d": "--home https://example.org/a/b",
    }
