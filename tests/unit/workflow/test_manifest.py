"""The manifest of a results folder: what it says, what it never says, and what it hashes again."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workflow.small_results import CONFIG, SIGNATURES, experiment, lay_down_results, scores
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.provenance import made_on as provenance
from workflow_scripts.workflow.provenance.manifest import Written, portable, read_manifest, write_manifest
from workflow_scripts.workflow.software.environments import ENVIRONMENTS, ROOT, read_lock, venvs_folder

RESULTS = Path("results/tiny")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, as Snakemake's: paths are relative to it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(of: Experiment, files: list[str], venvs: Path | None = None, checkout: Path = ROOT) -> Written:
    return write_manifest(of, str(RESULTS), checkout, files, venvs)


def test_what_it_says(place: Path) -> None:
    of = experiment()
    files = lay_down_results(place, of)
    done = write(of, files, venvs_folder())
    said = read_json(RESULTS / "manifest.json")
    assert (done.path, done.files, done.hashed, done.changed) == (
        RESULTS / "manifest.json", len(files), len(files), [],
    )  # fmt: skip
    assert said["format"] == "neuronspec-manifest-1"
    assert (said["experiment"], said["seeds"]) == ("tiny", [1, 2])
    # As resolved: what the config does not name is there too, k normalised.
    assert said["config"]["masks"]["k"] == ["95"]
    assert said["config"]["decode"]["beam"] == 5
    # 2 seeds × 3 systems × 4 directions of 12.5 s.
    assert said["rules"] == [
        {"rule": "decode", "jobs": 24, "seconds": 300.0, "longest_seconds": 12.5, "peak_memory_mb": 100.0}
    ]
    assert said["metrics"] == {"raw": {name: [one] for name, one in SIGNATURES.items()}}
    side = {"text": "aa", "bin": "bb", "idx": "cc"}
    assert said["data"] == {
        "subwords": {"spm.model": "dd", "dict.txt": "ee"},
        "text": {"news": {"de-en": {"de": side, "en": side}}},
    }
    text = "data/text/train/de-en.de.txt"
    assert said["files"][text]["sha256"] == hashlib.sha256(f"{text}\n".encode()).hexdigest()
    assert said["files"][text]["bytes"] == len(text) + 1
    assert list(said["files"]) == sorted(file.removeprefix("results/tiny/") for file in files)
    # This environment's own packages, asked from its interpreter.
    asked = said["environments"]["workflow"]
    assert (asked["from"], asked["python"]) == ("interpreter", platform.python_version())
    assert asked["packages"]["snakemake"] == version("snakemake")
    assert said["environments"]["fairseq"]["packages"]["torch"].startswith(read_lock("fairseq")["torch"])
    assert set(said["environments"]) == set(ENVIRONMENTS) - {"dev", "docs", "test", "browser"}
    assert said["hardware"]["cores"] >= 1 and said["hardware"]["memory_bytes"] > 10**8


def test_no_path_of_the_machine_and_no_name_of_its_user(place: Path) -> None:
    source = {**CONFIG["data"]["source"], "train": "/home/somebody/corpus/train.{lang}"}
    source["tests"] = {"news": str(place / "text/news.{lang}")}
    of = experiment(data={"source": source})
    write(of, lay_down_results(place, of), venvs_folder())
    text = (RESULTS / "manifest.json").read_text()
    for private in (str(place), "/home", "somebody", str(ROOT), str(venvs_folder())):
        assert private not in text
    values = json.dumps({key: value for key, value in json.loads(text).items() if key != "environments"})
    for name in {getpass.getuser(), socket.gethostname()} - {"vm", "root"}:
        assert name not in values
    patterns = read_json(RESULTS / "manifest.json")["config"]["data"]["source"]
    assert patterns["train"]["path"] == "…/train.{lang}"
    assert patterns["tests"]["news"]["path"] == "text/news.{lang}"
    assert portable(["~/x", {"a": "/y/z", "b": 1}], place) == ["…/x", {"a": "…/z", "b": 1}]


def test_a_run_that_made_nothing_hashes_nothing_and_leaves_the_manifest_alone(place: Path) -> None:
    of = experiment()
    files = lay_down_results(place, of)
    write(of, files)
    before = (RESULTS / "manifest.json").stat().st_mtime_ns
    assert write(of, files).hashed == 0
    assert (RESULTS / "manifest.json").stat().st_mtime_ns == before


def test_what_changed_in_size_or_time_alone_is_hashed_again(place: Path) -> None:
    of = experiment()
    files = lay_down_results(place, of)
    write(of, files)
    old = read_json(RESULTS / "manifest.json")["files"]
    longer, same_size, touched = (
        RESULTS / f"translations/baseline/s1/news/{name}.txt" for name in ("de-en", "en-de", "en-fr")
    )
    times = {path: path.stat().st_mtime_ns for path in (longer, same_size, touched)}
    longer.write_text("longer than before, and as old\n")
    os.utime(longer, ns=(times[longer], times[longer]))
    same_size.write_text(same_size.read_text().upper())
    os.utime(same_size, ns=(times[same_size] + 10**9,) * 2)
    os.utime(touched, ns=(times[touched] + 10**9,) * 2)
    done = write(of, files)
    assert done.hashed == 3
    assert done.changed == [str(path.relative_to(RESULTS)) for path in (longer, same_size)]
    new = read_json(RESULTS / "manifest.json")["files"]
    assert {name for name in new if new[name]["sha256"] != old[name]["sha256"]} == set(done.changed)
    assert (
        new["translations/baseline/s1/news/de-en.txt"]["sha256"]
        == hashlib.sha256(longer.read_bytes()).hexdigest()
    )
    assert write(of, files).hashed == 0


def test_signatures_follow_scores_that_were_made_again(place: Path) -> None:
    of = experiment()
    files = lay_down_results(place, of)
    write(of, files)
    other = scores("raw")
    other["directions"]["de-en"]["scores"] = [{"metric": "bleu", "score": 1.0, "signature": "tok:zh"}]
    write_json(RESULTS / "scores/baseline/s1/news.raw.json", other)
    write(of, files)
    assert read_json(RESULTS / "manifest.json")["metrics"]["raw"]["bleu"] == [SIGNATURES["bleu"], "tok:zh"]


def test_a_run_of_some_targets_keeps_what_it_did_not_plan_unless_the_config_changed(place: Path) -> None:
    of = experiment()
    files = lay_down_results(place, of)
    write(of, files)
    some = [file for file in files if "/data/" in file]
    assert write(of, some).files == len(files)
    # Not there any more: not listed any more.
    Path(files[-1]).unlink()
    assert write(of, some).files == len(files) - 1
    # Of another config, the rest may be out of date.
    assert write(experiment(decode={"beam": 4}), some).files == len(some)


def test_files_elsewhere_are_not_of_the_experiment(place: Path) -> None:
    of = experiment()
    files = lay_down_results(place, of)
    Path("results/tiny2").mkdir()
    Path("results/tiny2/a").touch()
    assert write(of, [*files, "results/tiny2/a", "text/train.de"]).files == len(files)


@pytest.mark.parametrize(
    "text", ["{", '{"format": "neuronspec-manifest-0"}', "[]", '{"format": 1, "files": {}}']
)
def test_a_broken_manifest_is_written_anew(text: str, place: Path) -> None:
    of = experiment()
    files = lay_down_results(place, of)
    (RESULTS / "manifest.json").write_text(text)
    with pytest.raises(UserError, match=r"results/tiny/manifest.json: cannot be read .* writes a new one"):
        read_manifest(RESULTS)
    assert write(of, files).hashed == len(files)
    assert read_manifest(RESULTS)["experiment"] == "tiny"


def test_packages_of_the_lock_where_there_is_no_environment(tmp_path: Path) -> None:
    broken = tmp_path / "text/bin/python"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    for venvs in (None, tmp_path):
        found = provenance.environments(venvs)
        assert found["text"] == {"from": "lock", "packages": read_lock("text")}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_commit_and_whether_the_tree_was_clean(tmp_path: Path) -> None:
    inside = tmp_path / "checkout"
    inside.mkdir()
    assert provenance.code(inside) is None
    git(tmp_path, "init", "-q")
    assert provenance.code(tmp_path) is None  # no commit yet
    (tmp_path / "a").write_text("1\n")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD").strip()
    (inside / "b").touch()
    assert provenance.code(tmp_path) == {"commit": commit, "clean": False, "changed": ["checkout/"]}
    (inside / "b").unlink()
    assert provenance.code(tmp_path) == {"commit": commit, "clean": True, "changed": []}
    # A folder of another repository is no checkout of its own.
    assert provenance.code(inside) is None


def test_without_git_there_is_no_commit(place: Path) -> None:
    of = experiment()
    write(of, lay_down_results(place, of), checkout=place)
    assert "code" not in read_json(RESULTS / "manifest.json")


@pytest.mark.parametrize(
    ("script", "gpus"),
    [
        (
            "echo 'NVIDIA H200, 143771, 570.86.15'; echo 'NVIDIA H200, 143771, 570.86.15'",
            [{"name": "NVIDIA H200", "memory_mib": "143771", "driver": "570.86.15"}] * 2,
        ),
        ("echo 'has failed because it could not communicate with the driver'; exit 9", []),
        ("echo No devices were found", []),
    ],
)
def test_gpus(script: str, gpus: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert provenance.hardware()["gpus"] == gpus
