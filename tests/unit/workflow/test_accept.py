"""`make accept` around its dry run: what it says, what keeps it from working, and how records are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.unit.workflow.test_training_code import CONFIG
from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.plan import accept
from workflow_scripts.workflow.plan.accept import adopt_stages, lines_of_adopted, main, report_adopted
from workflow_scripts.workflow.plan.adoption import PARTLY_VARIABLE, REPORT_VARIABLE, record
from workflow_scripts.workflow.plan.same_settings import CODE, COMMAND, FORM
from workflow_scripts.workflow.run.leftovers import place_of

NONE: dict[str, Any] = {"adopted": [], "refused": [], "follow": 0, "new": 0, "error": ""}
REFUSED = [
    ["score", "a setting changed: k 1 → 2", ["a.json", "b.json"]],
    ["decode", "input changed: t", ["c"]],
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def test_a_stage_has_one_line_whatever_its_jobs_reasons() -> None:
    many = [["decode", [CODE]]] * 9 + [["decode", [FORM, COMMAND]], ["select_masks", [COMMAND]]]
    assert lines_of_adopted(many) == [
        "decode        10  its code changed, its command changed, its params are written otherwise",
        "select_masks   1  its command changed",
    ]


def test_what_is_refused_is_an_error_and_the_rest_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    refused = {**NONE, "refused": REFUSED, "adopted": [["overlap", [CODE]]] * 2, "follow": 3}
    with pytest.raises(UserError) as error:
        report_adopted(refused, partly=False)
    assert str(error.value).splitlines() == [
        "score is not adopted: a.json (and 1 more): a setting changed: k 1 → 2",
        "decode is not adopted: c: input changed: t",
        "so no stage was adopted; the 2 jobs that could be: ARGS=--partly",
    ]
    with pytest.raises(UserError, match=r"so no stage was adopted$"):
        report_adopted({**NONE, "refused": REFUSED}, partly=False)
    assert capsys.readouterr().out == ""
    report_adopted(refused, partly=True)
    assert capsys.readouterr().out.splitlines() == [
        "score is not adopted: a.json (and 1 more): a setting changed: k 1 → 2",
        "decode is not adopted: c: input changed: t",
        "overlap  2  its code changed",
        "2 jobs adopted",
        "left to the next run: 3 that follow from others",
    ]
    report_adopted(NONE, partly=False)
    assert capsys.readouterr().out == "nothing else to adopt\n"


HOLD = (
    "import sys; from pathlib import Path; from workflow_scripts.workflow.run.start import hold, share;"
    " share(hold(Path())[0]); print('held', flush=True); sys.stdin.read()"
)


def test_not_while_a_run_is_on(place: Path) -> None:
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD], env=variables, stdin=pipe, stdout=pipe) as other:
        assert other.stdin and other.stdout and other.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match=r"a run is on in .*: wait for its end, or stop it"):
            main(["--configfile", "config.yaml"])
        other.stdin.close()


def test_what_a_killed_run_left_unfinished_is_marked_before_the_plan(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "a.txt").write_text("half")
    locks = place / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("a.txt\n")
    given: list[Any] = []

    def adopt_stages(*words: Any) -> dict[str, Any]:
        given.extend(words)
        assert (place / ".snakemake" / "incomplete" / place_of("a.txt", place)).exists()
        return NONE

    monkeypatch.setattr(accept, "adopt_stages", adopt_stages)
    main(["--configfile", "config.yaml", "--partly", "--cores", "3"])
    assert given == ["config.yaml", ["--cores", "3"], True]
    assert capsys.readouterr().out.splitlines() == [
        "results/x: every finished training is of the present code and libraries",
        "nothing else to adopt",
    ]


def test_a_plan_that_left_no_report_or_an_error_adopts_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What they set for Snakemake is taken back after the test.
    for name in (REPORT_VARIABLE, PARTLY_VARIABLE):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(accept, "dry_run", lambda configfile, options: iter(()))
    with pytest.raises(UserError, match="no result was adopted: Snakemake ended without a plan"):
        adopt_stages("config.yaml", [], partly=False)

    def full(configfile: str, options: list[str]) -> None:
        assert os.environ[PARTLY_VARIABLE] == "yes"
        Path(os.environ[REPORT_VARIABLE]).write_text(json.dumps({**NONE, "error": "the disk is full"}))

    monkeypatch.setattr(accept, "dry_run", full)
    with pytest.raises(UserError, match=r"^the disk is full$"):
        adopt_stages("config.yaml", [], partly=True)


class Records:
    """Snakemake's records of today, as far as they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _code(self, rule: Any) -> str:
        return "new {output}"

    def _params(self, job: Any) -> list[str]:
        return ["'new'"]

    def _log(self, job: Any) -> list[str]:
        return ["new.log"]

    def metadata(self, file: str) -> Any:
        return None


OLD = {
    "rule": "x",
    "code": "old {output}",
    "params": ["'old'"],
    "shellcmd": "old a",
    "log": ["old.log"],
    "input": ["t.txt"],
    "input_checksums": {"t.txt": "sha256:1"},
    "starttime": 1.5,
    "endtime": 2.5,
    "record_format_version": 6,
}


def recorded(place: Path, *outputs: str) -> tuple[SimpleNamespace, list[Path]]:
    job = SimpleNamespace(rule=SimpleNamespace(name="y"), output=outputs, shellcmd="new a")
    paths = [place / ".snakemake" / "metadata" / place_of(output, place) for output in outputs]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(OLD))
        path.chmod(0o664)
    return job, paths


def test_a_record_gets_what_follows_from_the_rule_and_keeps_the_rest(place: Path) -> None:
    long = "results/" + "a" * 300
    job, paths = recorded(place, "a", long)
    record(Records(place / ".snakemake"), [job])
    today = {
        "rule": "y",
        "code": "new {output}",
        "params": ["'new'"],
        "shellcmd": "new a",
        "log": ["new.log"],
    }
    for path in paths:
        assert json.loads(path.read_text()) == {**OLD, **today}
        assert path.stat().st_mode & 0o777 == 0o664
    assert [path.name for path in (place / ".snakemake").iterdir()] == ["metadata"]


def test_records_are_all_written_or_none(place: Path) -> None:
    job, (first, second) = recorded(place, "a", "b")
    second.unlink()
    with pytest.raises(FileNotFoundError):
        record(Records(place / ".snakemake"), [job])
    assert json.loads(first.read_text()) == OLD
