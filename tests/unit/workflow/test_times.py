"""Seconds and memory by stage, from files with known numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import write_json
from workflow_scripts.workflow.plan.times import Stage, job_times, main, stages, table

HEADER = "s\th:m:s\tmax_rss\tcpu_time\n"


def lay_down(results: Path) -> None:
    for name, rows in {
        "decode/a.tsv": "12.5\t0:00:12\t100.0\t3\n",
        "decode/b.tsv": "1.5\t0:00:01\t4000.0\t1\n",
        "finetune/ns.s1.tsv": "1.0\t0:00:01\t10.0\t1\n",
    }.items():
        path = results / "benchmarks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + rows)
    for folder, seconds in {
        "ns/s1": 30.0,
        "continued/s1": 66.0,
        "ns/s1.replaced-1": 99.0,
        "baseline/s1": 9.0,
    }.items():
        (results / "training" / folder).mkdir(parents=True)
        write_json(
            results / "training" / folder / "history.json", {"seconds": seconds, "peak_memory_mb": seconds}
        )


def test_all_attempts_of_a_training_count_and_the_longest_stage_comes_first(tmp_path: Path) -> None:
    lay_down(tmp_path)
    assert stages(tmp_path) == [
        Stage("finetune", 2, 96.0, 66.0, 66.0),
        Stage("decode", 2, 14.0, 12.5, 100.0),
    ]
    assert table(stages(tmp_path)).split("\n")[2:] == [
        "| finetune | 2 | 96 | 87% | 66.0 | 66 |",
        "| decode | 2 | 14 | 13% | 12.5 | 100 |",
        "| **all** | 4 | 110 | | | |",
    ]


def test_a_job_whose_benchmark_lay_flat_in_earlier_versions_counts_once(tmp_path: Path) -> None:
    for name, seconds in {
        "baseline.s1.news.de-en.tsv": 3.0,
        "ns-k97.5.s1.news.de-en.tsv": 4.0,
        "baseline/s1/news.de-en.tsv": 5.0,
    }.items():
        path = tmp_path / "benchmarks/decode" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + f"{seconds}\t0:00:01\tNA\t1\n")
    assert stages(tmp_path) == [Stage("decode", 2, 9.0, 5.0, 0.0)]
    assert {one.name: one.seconds for one in job_times(tmp_path / "benchmarks/decode")} == {
        "baseline.s1.news.de-en.tsv": 5.0,
        "ns-k97.5.s1.news.de-en.tsv": 4.0,
    }


def test_a_run_that_was_not(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing has run here"):
        stages(tmp_path)


def test_the_table_of_another_working_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay_down(tmp_path / "results/demo")
    config = Path(__file__).resolve().parents[3] / "config/config.yaml"
    main(["--configfile", str(config), "--directory", str(tmp_path)])
    assert capsys.readouterr().out.strip() == table(stages(tmp_path / "results/demo"))
