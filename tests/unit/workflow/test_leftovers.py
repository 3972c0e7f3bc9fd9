"""What a killed run leaves on disk is removed or made again; what is being written stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow_scripts.common.files import HOST, atomic_path
from workflow_scripts.workflow.run.leftovers import (
    mark_unfinished,
    remove_scripts,
    remove_temporaries,
    unfinished,
)

ROOT = Path(__file__).resolve().parents[3]


def make(path: Path, age: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("half")
    os.utime(path, (time.time() - age,) * 2)
    return path


def a_dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom workflow_scripts.common.files import atomic_path\n"
        "with atomic_path(sys.argv[1]) as path:\n    path.write_text('half')\n    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a/masks.npz")], cwd=ROOT, check=False)
    (left,) = (tmp_path / "a").iterdir()
    finished = make(tmp_path / "a" / "b.npz")
    assert remove_temporaries(tmp_path) == [left]
    assert list((tmp_path / "a").iterdir()) == [finished]


def test_the_text_of_a_language_with_script_or_region_is_known_too(tmp_path: Path) -> None:
    """Corpora end in the language: ``train.en-pt_BR.pt_BR``."""
    pid = a_dead_process()
    left = [make(tmp_path / f".{name}.{HOST}-{pid}.tmp.{name}") for name in ("es_419", "pt_BR", "sr_Latn")]
    assert remove_temporaries(tmp_path) == left


def test_datasets_that_a_killed_job_was_fetching_are_removed_after_a_day(tmp_path: Path) -> None:
    day = 24 * 3600.0
    place = tmp_path / "data/download/mtdata"
    for name, age in (("mtdata-old", 2 * day), ("mtdata-new", 0.5 * day)):
        make(place / name / "0/train-parts/x.deu", age)
        os.utime(place / name, (time.time() - 3 * day,) * 2)
        for folder in (place / name / "0", place / name / "0/train-parts"):
            os.utime(folder, (time.time() - 3 * day,) * 2)
    fetched = make(place / "train.de-en.de", 9 * day)
    assert remove_temporaries(tmp_path) == [place / "mtdata-old"]
    assert sorted(place.iterdir()) == [place / "mtdata-new", fetched]


def test_what_is_being_written_stays(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "x.json") as temporary:
        temporary.write_text("{}")
        assert remove_temporaries(tmp_path) == []
    assert (tmp_path / "x.json").exists()


def test_a_number_that_was_given_out_again_is_not_the_writer(tmp_path: Path) -> None:
    """This process lives, but a file older than it is not its own."""
    old = make(tmp_path / f".x.{HOST}-{os.getpid()}.tmp.json", age=30 * 24 * 3600)
    assert remove_temporaries(tmp_path) == [old]


def test_other_hosts_and_unknown_ones_have_time(tmp_path: Path) -> None:
    dead = a_dead_process()
    make(tmp_path / f".x.elsewhere-4026531836-{dead}.tmp.json", age=3600)
    day = make(tmp_path / f".y.elsewhere-4026531836-{dead}.tmp", age=25 * 3600)
    # A container with this machine's name: numbers of its processes mean nothing here.
    make(tmp_path / f".z.{HOST.rpartition('-')[0]}-1-{dead}.tmp.json", age=3600)
    make(tmp_path / f"checkpoint_last.pt.{dead}.tmp", age=5)
    minute = make(tmp_path / f"checkpoint_best.pt.{dead}.tmp", age=61)
    make(tmp_path / "notes.tmp.txt", age=25 * 3600)
    assert remove_temporaries(tmp_path) == [day, minute]


@pytest.mark.parametrize(
    "name",
    [
        "report.2024.tmp",
        ".report.2024.tmp",
        ".report.2024-11.tmp",
        "report.2024-11-29.tmp.txt",
        "notes.7.tmp.md",
        ".notes.final-2.tmp",
        f"table.{HOST}-7.tmp.csv",
        "best.checkpoint.pt.7.tmp",
        "scores.tmp",
    ],
)
def test_what_a_user_calls_temporary_stays(tmp_path: Path, name: str) -> None:
    make(tmp_path / name, age=365 * 24 * 3600)
    assert remove_temporaries(tmp_path) == []


def marks(working: Path) -> list[str]:
    folder = working / ".snakemake/incomplete"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_output_whose_record_is_half_written_is_unfinished(tmp_path: Path) -> None:
    """Zeros, half an object, nothing at all, and one in a folder, as Snakemake cuts long names."""
    metadata = tmp_path / ".snakemake/metadata"
    whole = make(metadata / "whole")
    whole.write_text(json.dumps({"rule": "decode"}))
    for name, content in {"half": b'{"rule": "dec', "zeros": b"\0" * 20, "@long/empty": b""}.items():
        make(metadata / name).write_bytes(content)
    found, broken = unfinished(tmp_path)
    assert (len(found), len(broken)) == (3, 3)
    assert marks(tmp_path) == [] and all(path.exists() for path in broken)  # only looked at
    assert mark_unfinished(tmp_path) == 3
    assert marks(tmp_path) == ["@long/empty", "half", "zeros"]
    assert json.loads((tmp_path / ".snakemake/incomplete/half").read_text()) == {"external_jobid": None}
    assert [path for path in metadata.rglob("*") if path.is_file()] == [whole]
    assert mark_unfinished(tmp_path) == 0


def test_an_output_of_the_killed_run_that_is_not_the_recorded_one_is_unfinished(tmp_path: Path) -> None:
    """Base64 of `new` is bmV3, of `old` b2xk, of `same` c2FtZQ==; long names are cut after 254 characters."""
    long = "d" * 100 + "/" + "f" * 100
    for name in ("new", "old", "same", "not_of_the_run", long):
        make(tmp_path / name)
    (tmp_path / ".snakemake/metadata").mkdir(parents=True)
    times = {"b2xk": time.time() - 3600, "c2FtZQ==": (tmp_path / "same").stat().st_mtime}
    for place, endtime in times.items():
        (tmp_path / ".snakemake/metadata" / place).write_text(json.dumps({"endtime": endtime}))
    lock = make(tmp_path / ".snakemake/locks/0.output.lock")
    lock.write_text(f"new\nold\nsame\nnot_yet\n{long}\n")
    assert mark_unfinished(tmp_path) == 3
    cut, *others = marks(tmp_path)
    assert others == ["b2xk", "bmV3"]
    assert cut.startswith("@ZGRk") and cut.index("/") == 255
    assert mark_unfinished(tmp_path) == 0


def test_scripts_of_long_commands_go(tmp_path: Path) -> None:
    make(tmp_path / "shell_tmp.abc" / "script.sh")
    make(tmp_path / "log" / "x.log")
    remove_scripts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
