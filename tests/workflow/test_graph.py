"""The jobs that a workflow writes down, and what of Snakemake's objects this package uses."""

from __future__ import annotations

import importlib.metadata
import inspect
import io
import os
import re
from pathlib import Path

import pytest

from tests import forked
from tests.unit.workflow.planned import WRITES_JOBS
from workflow_scripts.workflow import graph
from workflow_scripts.workflow.graph import GRAPH_VARIABLE, PlannedJob, Reason, read

#: Snakemake's classes, and what is used of their objects; none of it is a public interface.
USED = {
    "workflow.Workflow": "dag persistence rules scheduler dryrun exec_mode executor_plugin local_exec",
    "dag.DAG": "jobs toposorted needrun reason needrun_jobs update_jobids",
    "jobs.Job": (
        "rule output input log benchmark params wildcards_dict resources threads shellcmd is_local dag"
        " non_derived_params"
    ),
    "rules.Rule": "name params shellcmd conda_env _is_deriving_function",
    "jobs.Reason": (
        "missing_output incomplete_output updated_input updated_input_run params_changed input_changed"
        " code_changed software_stack_changed forced"
    ),
    "persistence.ParamsChange": "only_old only_new",
    "persistence.PersistenceBase": (
        "metadata input_checksums params_changed code_changed _params _code _input _log path"
    ),
    "persistence.MetadataRecord": "rule code params shellcmd input log endtime input_checksums items",
    "io._IOFile": "is_newer is_checksum_eligible checksum is_same_checksum",
}


@pytest.mark.parametrize("name", USED)
def test_snakemake_has_what_is_used_of_it(name: str) -> None:
    importlib.import_module("snakemake.api")  # the others import each other
    module, _, kind_name = name.partition(".")
    kind = getattr(importlib.import_module(f"snakemake.{module}"), kind_name)
    there = {
        *dir(kind),
        *inspect.get_annotations(kind),
        *re.findall(r"self\.(\w+)(?:: [^=]+)? = ", inspect.getsource(kind)),
    }
    gone = [one for one in USED[name].split() if one not in there]
    assert not gone, (
        f"Snakemake {importlib.metadata.version('snakemake')}: {name} has no {', '.join(gone)} any more,"
        " which workflow_scripts and rules/run.smk use: change them with the pin in envs/workflow.lock.txt"
    )


SNAKEFILE = f"""
{WRITES_JOBS}
BEAM = config["beam"]
wildcard_constraints: name="[a-z]+"
rule all:
    input: "text/a/final.txt", "own.txt"
rule last:
    input: "text/{{name}}.txt", "given.txt"
    output: "text/{{name}}/final.txt", "text/{{name}}/more.txt"
    log: "logs/last/{{name}}.log"
    benchmark: "benchmarks/final/{{name}}.tsv"
    params:
        settings=f'{{{{"beam": {{BEAM}}, "seed": 7}}}}',
        out=lambda w, output: output[0],
    threads: 2
    resources: gpu=1
    shell: "touch {{output}}"
rule first:
    output: "text/{{name}}.txt"
    shell: "touch {{output}}"
rule own:
    input: "given.txt"
    output: "own.txt"
    params: settings=config.get("own", "plain"), depth=3, of=lambda w, output: output[0]
    shell: "cp {{input}} {{output}}"
"""


def jobs(folder: Path, *options: str, beam: int = 5) -> list[PlannedJob]:
    """Return what the workflow writes down; with --touch, what it has just made."""
    words = ["--cores", "4", "--quiet", "all", "--config", f"beam={beam}", *options]
    done = forked.run(folder, "snakemake", *words, variables={**os.environ, GRAPH_VARIABLE: "jobs"})
    assert done.returncode == 0, done.stdout + done.stderr
    return list(read((folder / "jobs").open(encoding="utf-8")))


def test_jobs_are_written_down_with_their_reasons(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "given.txt").write_text("given\n")
    first, own, last = jobs(tmp_path, "--dry-run")
    assert first == PlannedJob(
        rule="first",
        stage="first",
        wildcards={"name": "a"},
        inputs=(),
        outputs=("text/a.txt",),
        reason=Reason(missing=("text/a.txt",)),
    )
    assert own.reason == Reason(missing=("own.txt",))
    assert last == PlannedJob(
        rule="last",
        stage="final",
        wildcards={"name": "a"},
        inputs=("text/a.txt", "given.txt"),
        outputs=("text/a/final.txt", "text/a/more.txt"),
        log="logs/last/a.log",
        benchmark="benchmarks/final/a.tsv",
        threads=2,
        gpus=1,
        settings={"beam": 5, "seed": 7},
        reason=Reason(missing=("text/a/final.txt",), follows=("text/a.txt",)),
    )
    jobs(tmp_path)
    assert jobs(tmp_path, "--dry-run") == []
    # Settings have names, before and now.
    [last] = jobs(tmp_path, "--dry-run", beam=4)
    assert last.reason == Reason(before={"beam": 5, "seed": 7}, now={"beam": 4, "seed": 7})
    # A rule that is not of this package has params without names.
    [own] = jobs(tmp_path, "own=other", "--dry-run", "--", "own.txt")
    assert own.settings == {"settings": "other", "depth": 3}
    assert own.reason == Reason(before={"params": ["plain"]}, now={"params": ["other"]})
    # A command that changed, and a file of the user's.
    snakefile = (tmp_path / "Snakefile").read_text()
    (tmp_path / "Snakefile").write_text(snakefile.replace("cp {", "cp -p {"))
    [own] = jobs(tmp_path, "--dry-run")
    assert own.reason == Reason(code=True)
    (tmp_path / "given.txt").write_text("other\n")
    own, last = jobs(tmp_path, "--dry-run")
    assert own.reason == last.reason == Reason(updated=("given.txt",))
    # What was asked for by name.
    [own] = jobs(tmp_path, "--dry-run", "--forcerun", "own", "--until", "own", "--", "own.txt")
    assert own.reason == Reason(forced=True)
    # Other inputs than before.
    (tmp_path / "Snakefile").write_text(
        snakefile.replace('"text/{name}.txt", "given.txt"', '"text/{name}.txt"')
    )
    assert [job.reason.inputs for job in jobs(tmp_path, "--dry-run", "text/a/final.txt")] == [True]


def test_tens_of_thousands_of_jobs_are_read_as_they_come(tmp_path: Path) -> None:
    read_lines = 0

    class Lines(io.StringIO):
        def __next__(self) -> str:
            nonlocal read_lines
            read_lines += 1
            return super().__next__()

    graph.write(
        tmp_path / "jobs", (PlannedJob("decode", "decode", {}, (), (f"{n}.txt",)) for n in range(20_000))
    )
    found = read(Lines((tmp_path / "jobs").read_text()))
    assert next(found).outputs == ("0.txt",)
    assert read_lines == 1
    assert sum(1 for _ in found) == 19_999
