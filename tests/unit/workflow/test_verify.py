"""`make verify` finds every file that is not what the manifest says, whatever its size and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.workflow.small_results import CONFIG, describe, experiment, lay_down_results
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import sha256_of
from workflow_scripts.workflow.plan.planned import add
from workflow_scripts.workflow.provenance.manifest import write_manifest
from workflow_scripts.workflow.provenance.verify import main
from workflow_scripts.workflow.software.environments import ROOT

RESULTS = Path("results/tiny")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A finished experiment in the working directory; its declared outputs."""
    monkeypatch.chdir(tmp_path)
    of = experiment()
    declared = lay_down_results(tmp_path, of)
    write_manifest(of, RESULTS, ROOT, declared, None)
    Path("config.yaml").write_text(yaml.safe_dump(CONFIG))
    return declared


def verify(capsys: pytest.CaptureFixture[str], config: str = "config.yaml") -> tuple[list[str], str]:
    """Return the lines and the summary of what differs."""
    with pytest.raises(UserError) as raised:
        main(["--configfile", config])
    lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if "does not say with what settings" not in line], str(raised.value)


def test_all_is_well(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--configfile", "config.yaml"])
    assert capsys.readouterr().out.splitlines() == [
        f"results/tiny: activations/baseline/s1/valid/de-en.npz and {len(files) - 1} more: manifest.json does"
        " not say with what settings it was made",
        f"results/tiny: all {len(files)} files are as manifest.json says",
    ]


def test_a_byte_that_changed_with_size_and_time_as_before(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = RESULTS / "translations/baseline/s1/news/de-en.txt"
    before, time = sha256_of(path), path.stat().st_mtime_ns
    path.write_text(path.read_text().replace("de-en", "de-eN"))
    os.utime(path, ns=(time, time))
    lines, said = verify(capsys)
    name = "translations/baseline/s1/news/de-en.txt"
    assert lines == [f"{name}: changed: {before[:12]} in the manifest, {sha256_of(path)[:12]} here"]
    assert said == (
        "results/tiny: 1 changed: delete what should not have changed, then 'make run' makes it again"
        " (same CONFIG)"
    )


def test_missing_files_and_those_that_the_manifest_lacks(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (RESULTS / "tables/summary.md").unlink()
    Path("more.yaml").write_text(yaml.safe_dump({**CONFIG, "evaluation": {"references": ["raw", "paper"]}}))
    there = RESULTS / "data/references/news.de-en.de.txt"
    there.parent.mkdir()
    there.touch()
    lines, said = verify(capsys, "more.yaml")
    assert "tables/summary.md: missing" in lines
    assert "data/references/news.de-en.de.txt: there, not in the manifest" in lines
    assert "scores/baseline/s1/news.paper.json: not in the manifest" in lines
    assert "config: evaluation is not what the manifest's run had" in lines
    # 4 sides of references; 3 systems × 2 seeds scored against them, two files each; 2 × 2 compared.
    assert said == (
        "results/tiny: 1 missing, 20 not in the manifest, 1 changed in the config:"
        " 'make run' makes what is missing and writes a new manifest (same CONFIG)"
    )


def test_a_key_that_the_manifests_version_did_not_have_is_no_change(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    listed = json.loads((RESULTS / "manifest.json").read_text())
    del listed["config"]["masks"]["sets"]
    for system in listed["config"]["systems"].values():
        del system["train"]
    (RESULTS / "manifest.json").write_text(json.dumps(listed))
    main(["--configfile", "config.yaml"])
    assert f"all {len(files)} files are as manifest.json says" in capsys.readouterr().out


def test_what_a_failed_run_was_to_make(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Lost by a run that failed, not by a user."""
    name = "masks/baseline/s1/k95.npz"
    add(RESULTS, {name})
    (RESULTS / name).unlink()
    lines, said = verify(capsys)
    assert lines == [f"{name}: an earlier run was to make it, and did not finish"]
    assert said == (
        "results/tiny: 1 not finished: 'make run' makes what is missing and writes a new manifest"
        " (same CONFIG)"
    )


def test_what_a_failed_run_was_to_make_and_the_config_no_longer_asks_for(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No run would make it: there would be no end to it."""
    gone = RESULTS / "analysis/overlap/baseline/s1/k95.json"
    gone.parent.mkdir(parents=True)
    gone.touch()
    add(RESULTS, {"analysis/overlap/baseline/s1/k95.json"})
    gone.unlink()
    main(["--configfile", "config.yaml"])
    assert f"all {len(files)} files are as manifest.json says" in capsys.readouterr().out


def test_a_system_that_is_not_what_its_own_description_says(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RESULTS / "systems/ns-k95/s2"
    (folder / "dict.txt").write_text("another dictionary\n")
    # The manifest was written after the change: it knows of nothing wrong.
    write_manifest(experiment(), RESULTS, ROOT, files, None)
    lines, said = verify(capsys)
    assert len(lines) == 1
    assert lines[0].startswith("systems/ns-k95/s2/dict.txt: not the system's: ")
    assert f"{sha256_of(folder / 'dict.txt')[:12]} here" in lines[0]
    assert "1 not as their system.json says" in said
    describe(folder / "system.json")
    (folder / "system.json").write_text("{}")
    write_manifest(experiment(), RESULTS, ROOT, files, None)
    lines, _ = verify(capsys)
    assert [line.split(": ")[:2] for line in lines] == [
        ["systems/ns-k95/s2/system.json", "format is None, expected 'neuronspec-system-1'; export it again"]
    ]


def test_many_differences_are_counted_not_listed(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (RESULTS / "translations").rglob("*.txt"):
        path.unlink()
    lines, said = verify(capsys)
    assert (len(lines), lines[-1]) == (21, "… and 4 more missing")  # 2 seeds × 3 systems × 4 directions
    assert said.startswith("results/tiny: 24 missing: ")


def test_one_line_and_status_1_for_a_user(files: list[str]) -> None:
    Path(files[0]).unlink()
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.workflow.provenance.verify",
        "--configfile",
        "config.yaml",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("error: results/tiny: 1 missing: ")
    (RESULTS / "manifest.json").unlink()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "error: results/tiny/manifest.json: there is none;"
        " 'make run' with the same CONFIG writes it when it ends well\n"
    )
