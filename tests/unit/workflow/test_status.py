"""Where a run stands: jobs of real runs of Snakemake, and trainings from files with known numbers."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from tests.small_config import BASE
from tests.waiting import LIMIT, wait_until
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import write_json
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment
from workflow_scripts.models.progress_log import ProgressLog
from workflow_scripts.workflow.plan.planned import add
from workflow_scripts.workflow.run.running import Activity, State, failed, look, states
from workflow_scripts.workflow.run.status import Status, as_json, main, show, status_of
from workflow_scripts.workflow.run.training_progress import Progress
from workflow_scripts.workflow.stages import jobs_of

ROOT = Path(__file__).resolve().parents[3]

CONFIG: dict[str, Any] = {
    **BASE,
    "masks": {"k": [95]},
    "train": {"max_updates": 2000, "warmup_updates": 200},
    "finetune": {"max_updates": 400},
}

#: The six jobs of prepare_text: two end well, two fail until `mended` is there, two last until `go` is there.
SNAKEFILE = """
rule all:
    input:
        expand("results/tiny/data/text/{subset}/{pair}.json", subset=["train", "valid", "news"],
        pair=["de-en", "en-fr"])
rule prepare_text:
    output: "results/tiny/data/text/{subset}/{one}-{two}.{one}.txt",
        "results/tiny/data/text/{subset}/{one}-{two}.{two}.txt",
        "results/tiny/data/text/{subset}/{one}-{two}.json",
    log: "results/tiny/logs/prepare_text/{subset}/{one}-{two}.log"
    benchmark: "results/tiny/benchmarks/prepare_text/{subset}/{one}-{two}.tsv"
    shell: "sh job {wildcards.subset} {output} > {log} 2>&1"
"""
SLOW = """
rule slow:
    output: "slow"
    shell: "while [ ! -e go ]; do sleep 0.1; done; touch {output}"
"""
JOB = """
subset=$1; shift
case $subset in
    news) [ -e mended ] || { echo read 3 lines; echo; echo 'error: text/news.fr: no such file'; exit 1; } ;;
    train) echo begun; touch $2; while [ ! -e go ]; do sleep 0.1; done ;;
esac
touch $*
"""


def experiment() -> Experiment:
    return load_experiment(CONFIG)


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.workflow.run.start",
        "--directory",
        str(folder),
        "--snakefile",
    ]
    command += [str(folder / "Snakefile"), "--workflow-profile", "none", "--cores", "4", "--keep-going"]
    command += ["--rerun-incomplete", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip


def counts(folder: Path, stage: str = "prepare_text") -> dict[str, int]:
    found = next(one for one in status_of(experiment(), folder).stages if one.name == stage)
    return {str(state): number for state, number in found.jobs.items() if number}


def trainings(folder: Path) -> list[Progress]:
    return status_of(experiment(), folder).trainings


def wait_for(folder: Path, wanted: dict[str, int]) -> None:
    until = time.monotonic() + LIMIT
    while (found := counts(folder)) != wanted:
        assert time.monotonic() < until, found
        time.sleep(0.2)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "job").write_text(JOB)
    yield tmp_path
    (tmp_path / "go").touch()  # nothing waits on after a test that failed


def page(status: Status, width: int = 80) -> str:
    out = io.StringIO()
    show(status, Console(file=out, width=width))
    return out.getvalue()


def test_before_a_run_during_it_and_after_kills(place: Path) -> None:
    assert counts(place) == {"to do": 6}

    first = start(place)
    wait_for(place, {"done": 2, "failed": 2, "running": 2})
    status = status_of(experiment(), place)
    assert status.activity.processes == [first.pid]
    assert {one.log: one.lines for one in status.ended} == {
        f"results/tiny/logs/prepare_text/news/{pair}.log": [
            "read 3 lines",
            "error: text/news.fr: no such file",
        ]
        for pair in ("de-en", "en-fr")
    }
    # The workflow alone is killed: its jobs live on, and are still seen to run.
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert counts(place) == {"done": 2, "failed": 2, "running": 2}
    assert status_of(experiment(), place).activity.since is None
    # All is killed: what ran is stopped, although one of its outputs is there.
    os.killpg(first.pid, signal.SIGKILL)
    wait_for(place, {"done": 2, "failed": 2, "stopped": 2})
    # A second run tries again what failed before it and what was stopped.
    (place / "go").touch()
    (place / "mended").touch()
    assert start(place).wait(LIMIT) == 0
    assert counts(place) == {"done": 6}
    # Outputs of a job that ended well are removed: it is to do, not stopped.
    (place / "results/tiny/data/text/valid/de-en.json").unlink()
    assert counts(place) == {"done": 5, "to do": 1}


def test_what_failed_before_the_run_that_is_on_is_to_do(place: Path) -> None:
    log = place / "results/tiny/logs/prepare_text/news/de-en.log"
    log.parent.mkdir(parents=True)
    log.write_text("error: text/news.fr: no such file\n")
    assert counts(place) == {"failed": 1, "to do": 5}
    (place / "mended").touch()
    # A job of another rule, which is all that this run is for, takes its time.
    (place / "Snakefile").write_text(SLOW)
    os.utime(log, (time.time() - 60, time.time() - 60))
    run = start(place)
    wait_for(place, {"to do": 6})
    (place / "go").touch()
    assert run.wait(LIMIT) == 0
    assert counts(place) == {"failed": 1, "to do": 5}


def test_what_began_while_it_is_looked_is_not_stopped(tmp_path: Path) -> None:
    """Its marker was not there yet, its log is."""
    log = tmp_path / "results/tiny/logs/prepare_text/news/de-en.log"
    log.parent.mkdir(parents=True)
    log.write_text("read 3 lines\n")
    written = log.stat().st_mtime
    job = next(one for one in jobs_of(experiment()) if one.log == "logs/prepare_text/news/de-en.log")

    def state(since: float | None, looked: float) -> str:
        activity = Activity([], since, {}, frozenset(), looked=looked)
        return str(states([job], tmp_path / "results/tiny", activity)[0])

    assert state(written - 60, written - 0.5) == "running"
    assert state(written - 60, written + 60) == "stopped"  # it was there when the markers were looked at
    assert state(None, written - 0.5) == "stopped"  # no run is on
    log.write_text("error: text/news.fr: no such file\n")
    assert state(written - 60, written - 0.5) == "failed"


def test_where_a_job_was_when_ctrl_c_came_is_not_told(tmp_path: Path) -> None:
    log = tmp_path / "results/tiny/logs/prepare_text/news/de-en.log"
    log.parent.mkdir(parents=True)
    log.write_text('Traceback (most recent call last):\n  File "x.py", line 1, in f\nKeyboardInterrupt\n')
    (ended,) = status_of(experiment(), tmp_path).ended
    assert ended.lines == []


def test_runs_of_other_experiments_are_not_this_ones(place: Path) -> None:
    (place / "Snakefile").write_text(SLOW)
    for name in ("tiny", "other"):
        config = {**CONFIG, "experiment": name}
        (place / f"{name}.yaml").write_text(yaml.safe_dump(config))
    run = start(place, "--configfile", str(place / "other.yaml"))
    lock = place / ".snakemake/locks"
    wait_until(lambda: lock.is_dir() and any(lock.iterdir()), "the run's lock", run)
    assert look(place, "results/other").processes == [run.pid]
    assert look(place, "results/tiny").since is None
    (place / "go").touch()
    assert run.wait(LIMIT) == 0
    (place / "go").unlink()
    (place / "slow").unlink()
    run = start(place, "--configfile", str(place / "other.yaml"), "--config", "experiment=tiny")
    wait_until(lambda: run.pid in look(place, "results/tiny").processes, "the run", run)
    (place / "go").touch()
    assert run.wait(LIMIT) == 0


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        ("", False),
        ("de-en: loaded in 0.55 s\ntranslated 68 of 1000 sentences in 5.5 s\n", False),
        ("counting\nerror: text/a.txt: not UTF-8 (byte 7)\n", True),
        ("usage: x\nx.py: error: unrecognized arguments: --a\n", True),
        ('Traceback (most recent call last):\n  File "x.py", line 1, in x\nMemoryError\n', True),
        ("terminate called after throwing an instance of 'std::bad_alloc'\n", True),
        ("12:00:01 update 50/100 | loss 1.000 (rounding error: 0)\n", False),
    ],
)
def test_errors_in_logs(text: str, is_error: bool, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(text)
    assert failed(tmp_path / "a.log") is is_error


LOG = """\
10:00:00 starting clean (lr changed); the old training is kept in results/tiny/training/baseline/s1.replaced-1
10:00:01 baseline: 9.6 M parameters, 4 directions, 1448 batches an epoch, 2 threads, cpu
10:00:26 update 50/2000 | loss 10.262 | lr 1.00e-03 | 9080 words/s | 0.49 s/update | left 0:17
10:00:50 update 100/2000 | loss 8.347 | lr 2.00e-03 | 9478 words/s | 0.50 s/update | left 0:16
10:00:55 validation at update 100: loss 4.120 | en-de 4.5436
"""


def training(folder: Path, name: str, log: str, losses: list[float], seconds: float = 0.0) -> Path:
    """Lay down a training as the trainer does, 50 updates from validation to validation."""
    results = folder / "results/tiny"
    trained = results / "training" / name / "s1"
    trained.mkdir(parents=True)
    rows = [
        f"{50 * (n + 1)},{direction},{loss},1,9\n"
        for n, loss in enumerate(losses)
        for direction in ("en-de", "all")
    ]
    (trained / "validation.csv").write_text(
        "update,direction,loss,nll_loss,tokens\n" + "".join(rows).replace("en-de,", "en-de,9")
    )
    write_json(trained / "history.json", {"seconds": seconds, "peak_memory_mb": 9.0, "attempts": [{}, {}]})
    path = results / "logs" / ("train_baseline/s1.log" if name == "baseline" else f"finetune/{name}.s1.log")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(log)
    return trained


def test_a_running_training_is_seen_by_its_heartbeat_and_its_progress_by_its_log(tmp_path: Path) -> None:
    folder = training(tmp_path, "baseline", LOG, [4.5, 4.12, 4.3], seconds=5000.0)
    write_json(folder / "owner.json", {"host": os.uname().nodename, "pid": os.getpid(), "started": None})
    log = tmp_path / "results/tiny/logs/train_baseline/s1.log"
    os.utime(log, (time.time() - 10, time.time() - 10))
    (one,) = (t for t in trainings(tmp_path) if t.system == "baseline")
    assert (one.state, one.update, one.max_updates) == ("running", 100, 2000)
    assert (one.seconds_per_update, one.words_per_second) == (0.5, 9478)
    assert (one.loss, one.best_loss, one.best_update) == (4.3, 4.12, 100)
    assert (one.attempts, one.seconds) == (2, 5000.0)
    # 1,900 updates of half a second, less the 10 s since the line was written.
    assert one.seconds_left is not None and 930 < one.seconds_left <= 940
    # Lines come every 50 updates, 25 s: whoever is silent for longer does not train.
    os.utime(log, (time.time() - 100, time.time() - 100))
    (one,) = (t for t in trainings(tmp_path) if t.system == "baseline")
    assert one.seconds_left == 925
    said = page(status_of(experiment(), tmp_path))
    assert "baseline s1   running   100/2000    0.50   4.300   4.120   1:24   0:16" in said
    assert "continued" not in said  # nothing is known of trainings that did not begin

    # A heartbeat that stopped: whoever had it is gone.
    os.utime(folder / "owner.json", (time.time() - 200, time.time() - 200))
    (one,) = (t for t in trainings(tmp_path) if t.system == "baseline")
    assert (one.state, one.update, one.seconds_per_update, one.seconds_left) == ("stopped", 100, None, None)
    # So is one whose process is not there, whatever the time; on another machine only the time counts.
    os.utime(folder / "owner.json")
    gone = subprocess.Popen(["true"])
    gone.wait()
    for host, state in ((os.uname().nodename, "stopped"), ("elsewhere", "running")):
        write_json(folder / "owner.json", {"host": host, "pid": gone.pid, "started": None})
        assert trainings(tmp_path)[0].state == state
    # A container with the same hostname is another machine.
    elsewhere = {"host": os.uname().nodename, "process": f"{os.uname().nodename} pid:[1] {gone.pid} 7"}
    write_json(folder / "owner.json", {**elsewhere, "pid": gone.pid})
    assert trainings(tmp_path)[0].state == "running"


def test_a_training_whose_slice_has_ended_waits_for_the_next(tmp_path: Path) -> None:
    """Its log's last line of progress is older than its checkpoint."""
    said = LOG + "10:01:00 the time limit is reached at update 137, saved; job 12 goes back into the queue\n"
    folder = training(tmp_path, "baseline", said, [4.12])
    attempts = [{"outcome": "finished"}, {"outcome": "time limit", "to_update": 137}]
    write_json(folder / "history.json", {"seconds": 3600.0, "attempts": attempts})
    (one,) = (t for t in trainings(tmp_path) if t.system == "baseline")
    assert (one.state, one.update, one.max_updates, one.seconds_left) == ("between slices", 137, 2000, None)
    status = status_of(experiment(), tmp_path)
    assert counts(tmp_path, "train_baseline") == {"between slices": 1}
    assert status.ended == []
    shown = page(status)
    assert "baseline s1   between slices   137/2000" in shown
    assert max(map(len, shown.splitlines())) <= 80
    # The next slice has begun.
    write_json(folder / "owner.json", {"host": "elsewhere", "pid": 1, "started": None})
    assert trainings(tmp_path)[0].state == "running"
    (folder / "owner.json").unlink()
    # Nobody took it back into a queue.
    log = tmp_path / "results/tiny/logs/train_baseline/s1.log"
    log.write_text(said + "error: the time limit is reached at update 137, saved; run again\n")
    assert trainings(tmp_path)[0].state == "failed"
    # Ended by a signal.
    log.write_text(said)
    write_json(folder / "history.json", {"attempts": [{"outcome": "SIGTERM", "to_update": 137}]})
    assert trainings(tmp_path)[0].state == "stopped"


RESUMED = "11:00:00 resumed at update 80, epoch 1\n"


@pytest.mark.parametrize(
    ("last", "update", "pace"),
    [
        (RESUMED, 80, None),
        (RESUMED + "1 update 90/400 | loss 2.1 | lr 1 | 70 words/s | 0.90 s/update | left 0:05\n", 90, 0.9),
        ("11:00:00 starting clean (lr changed); the old training is kept in x\n", None, None),
    ],
)  # fmt: skip
def test_what_the_last_attempt_says_holds(
    last: str, update: int | None, pace: float | None, tmp_path: Path
) -> None:
    folder = training(tmp_path, "ns-k95", LOG + last, [])
    write_json(folder / "owner.json", {"host": "elsewhere", "pid": 1, "started": None})
    (one,) = (t for t in trainings(tmp_path) if t.system == "ns-k95")
    assert (one.update, one.seconds_per_update, one.best_loss) == (update, pace, None)


def test_the_trainers_own_lines_are_understood(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    progress = ProgressLog(400, 50)
    for update in range(1, 101):
        with caplog.at_level("INFO"):
            progress.update(update, {"loss": 2.0}, 30, 1e-3)
    lines = "".join(f"11:00:00 {record.getMessage()}\n" for record in caplog.records)
    folder = training(tmp_path, "ns-k95", lines, [])
    write_json(folder / "owner.json", {"host": "elsewhere", "pid": 1, "started": None})
    (one,) = (t for t in trainings(tmp_path) if t.system == "ns-k95")
    assert (one.update, one.max_updates) == (100, 400)
    assert one.words_per_second is not None and one.seconds_per_update is not None
    # What else is looked for stands in the trainer's source, which this environment cannot import.
    package = ROOT / "workflow_scripts"
    assert 'f"resumed at update {' in (package / "models/fairseq/training/trainer.py").read_text()
    assert 'f"starting clean (' in (package / "train/training_folder.py").read_text()


def lay_down_system(folder: Path, name: str, files: int) -> None:
    system = folder / "results/tiny/systems" / name / "s1"
    system.mkdir(parents=True)
    write_json(
        system / "system.json",
        {"training": {"updates": 400, "best_update": 350, "best_valid_loss": 3.5, "seconds": 60.0}},
    )
    for file in ("model.safetensors", "spm.model", "dict.txt", "masks.npz")[: files - 1]:
        (system / file).write_bytes(b"x" * 1000)


def test_disk_by_stage_counts_training_folders_and_what_they_replaced(tmp_path: Path) -> None:
    folder = training(tmp_path, "ns-k95", LOG, [3.6])
    lay_down_system(tmp_path, "ns-k95", 5)
    (folder / "checkpoint_last.pt").write_bytes(b"x" * 30_000)
    replaced = folder.with_name("s1.replaced-1")
    replaced.mkdir()
    (replaced / "checkpoint_last.pt").write_bytes(b"x" * 500_000)
    status = status_of(experiment(), tmp_path)
    stage = next(one for one in status.stages if one.name == "finetune")
    small = sum(p.stat().st_size for p in (folder / "validation.csv", folder / "history.json"))
    described = (tmp_path / "results/tiny/systems/ns-k95/s1/system.json").stat().st_size
    assert stage.size == 534_000 + small + described
    assert {str(s): n for s, n in stage.jobs.items()} == {"done": 1, "to do": 1}
    (one,) = (t for t in status.trainings if t.system == "ns-k95")
    assert (one.state, one.update, one.best_update, one.best_loss) == ("done", 400, 350, 3.5)
    # A system of which a file is missing is not done.
    (tmp_path / "results/tiny/systems/ns-k95/s1/masks.npz").unlink()
    assert counts(tmp_path, "finetune") == {"stopped": 1, "to do": 1}


def test_a_page_for_eighty_columns_without_colour_where_it_is_piped(tmp_path: Path) -> None:
    training(
        tmp_path,
        "baseline",
        LOG + "error: results/tiny/data/bin: " + "no space left on device " * 5 + "\n",
        [4.1],
    )
    for name in ("de-en", "en-de", "en-fr", "fr-en"):
        log = tmp_path / f"results/tiny/logs/decode/baseline/s1/news.{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("error: [/] no such system\n")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    command = [sys.executable, "-m", "workflow_scripts.workflow.run.status", "--directory", str(tmp_path)]
    command += ["--configfile", str(tmp_path / "config.yaml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("COLUMNS", None)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "results/tiny: no run is on"
    found = {line.split("  ")[0]: line.split() for line in lines}
    assert found["train_baseline"][:3] == ["train_baseline", "1", "1"]
    assert found["baseline s1"][2:4] == ["failed", "100/2000"]
    # A log's line is whole, all else fits; three logs stand for many.
    assert [line for line in lines if len(line.rstrip()) > 80 and not line.startswith("    ")] == []
    assert "    error: results/tiny/data/bin: " + "no space left on device " * 5 in lines
    assert sum("error: [/] no such system" in line for line in lines) == 3
    assert "    and 1 more of decode" in lines
    assert lines[-1].startswith("'make run' with the same CONFIG goes on")


def test_json_is_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    training(tmp_path, "baseline", LOG, [4.5])
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    main(["--configfile", str(tmp_path / "config.yaml"), "--directory", str(tmp_path), "--json"])
    value = json.loads(capsys.readouterr().out)
    assert value == as_json(status_of(experiment(), tmp_path))
    assert value["run"] == {"processes": [], "since": None, "elsewhere": None}
    stages = {one["stage"]: one["jobs"] for one in value["stages"]}
    assert stages["train_baseline"] == {
        "done": 0,
        "running": 0,
        "between slices": 0,
        "failed": 0,
        "stopped": 1,
        "to do": 0,
    }
    assert value["ended"][0]["lines"][-1].endswith("loss 4.120 | en-de 4.5436")


def test_what_an_earlier_run_did_not_finish_is_named(tmp_path: Path) -> None:
    results = tmp_path / "results/tiny"
    for file in ("masks/baseline/s1/k95.npz", "tables/scores.csv"):
        (results / file).parent.mkdir(parents=True, exist_ok=True)
        (results / file).touch()
    # What the config does not ask for, the next run does not make.
    (results / "masks/baseline/s1/k70.npz").touch()
    add(results, {"masks/baseline/s1/k70.npz"})
    (results / "masks/baseline/s1/k70.npz").unlink()
    add(results, {"masks/baseline/s1/k95.npz", "tables/scores.csv"})
    assert as_json(status_of(experiment(), tmp_path))["unfinished"] == []
    for file in ("masks/baseline/s1/k95.npz", "tables/scores.csv"):
        (results / file).unlink()
    status = status_of(experiment(), tmp_path)
    assert as_json(status)["unfinished"] == ["masks/baseline/s1/k95.npz", "tables/scores.csv"]
    said = page(status)
    line = "k95.npz and 1 more: an earlier run was to make it, and did not finish; the next makes it"
    assert f"masks/baseline/s1/{line}" in said


def test_nothing_is_written(tmp_path: Path) -> None:
    training(tmp_path, "baseline", LOG, [4.5])
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    page(status_of(experiment(), tmp_path))
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_config_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml: there is no such config file"):
        main(["--configfile", "nowhere.yaml"])


def test_names_of_states() -> None:
    assert State("to do") is State.TODO
