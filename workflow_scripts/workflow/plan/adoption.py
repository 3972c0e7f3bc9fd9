"""Inside Snakemake: plans as if results of older code were current, and updates their records.

For `make accept`. Jobs that differ only in code, command text or the form of params count as unchanged. If
nothing is refused, their records get today's code, params, command and log. Written for the pinned version of
Snakemake.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, explain_os_error
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.workflow.graph import PlannedJob, Reason, planned_jobs, stage_of
from workflow_scripts.workflow.plan.planned import NOT_FINISHED
from workflow_scripts.workflow.plan.same_settings import CODE, COMMAND, FORM, Given, difference, kinds
from workflow_scripts.workflow.plan.why import reason_of
from workflow_scripts.workflow.run.leftovers import place_of

#: The file of the report, and "yes" if the rest is adopted though some is refused.
REPORT_VARIABLE, PARTLY_VARIABLE = "NEURONSPEC_ACCEPT", "NEURONSPEC_ACCEPT_PARTLY"
STOPPED = "stopped while it was written"
#: A reason besides those of workflow.plan.same_settings.
UNKNOWN = "nothing said what made it"


class Adoption:
    """What is adopted of a plan; jobs are known by their first output, environments by today's hashes."""

    def __init__(self, identities: Mapping[str, str], unfinished: Collection[str] = ()) -> None:
        self.identities, self.unfinished = identities, unfinished
        #: Why each may be adopted, and why others may not.
        self.adopted: dict[str, tuple[str, ...]] = {}
        self.refused: dict[str, str] = {}
        self.seen: set[str] = set()

    def plan_with_adopted(self, kind: Any, no_change: Any) -> None:
        """Let Snakemake, whose class of records is ``kind``, plan as if all that can be had been adopted."""
        params_changed, code_changed = kind.params_changed, kind.code_changed

        def params(records: Any, job: Any, file: Any = None) -> Any:
            return no_change if self.can_adopt(records, job) else params_changed(records, job, file)

        def code(records: Any, job: Any, file: Any = None) -> Any:
            return () if self.can_adopt(records, job) else code_changed(records, job, file)

        kind.params_changed, kind.code_changed = params, code

    def can_adopt(self, records: Any, job: Any) -> bool:
        """Tell whether a job would run, and only for code, command text or the form of params."""
        if not job.output:
            return False
        name = str(job.output[0])
        if not self.seen:
            job.dag.update_jobids()  # numbers of jobs: Snakemake writes no command without
        if name not in self.seen:
            self.seen.add(name)
            self._judge(name, records, job)
        return name in self.adopted

    def _judge(self, name: str, records: Any, job: Any) -> None:
        params, template = tuple(records._params(job)), job.rule.shellcmd or ""
        found: set[str] = set()
        for file in job.output:
            record = records.metadata(file)
            if record is None and Path(file).exists():
                found.add(UNKNOWN)  # Snakemake takes it as it is
                continue
            if record is None or record.params is None or record.code is None:
                return  # nothing to compare with: Snakemake does not either
            if {*record.params} == {*params} and record.code == template:
                continue
            before = Given(tuple(record.params), record.code, record.shellcmd or "")
            now = Given(params, template, job.shellcmd or "")
            found.update(kinds(before, now))
            if changed := difference(before, now, self.identities):
                self.refused[name] = changed
                return
        missing = [str(file) for file in job.output if not Path(file).exists()]
        # If all are gone, nothing needs them, or Snakemake plans the job.
        if found and 0 < len(missing) < len(job.output):
            self.refused[name] = f"made before, now missing: {', '.join(missing)}"
        elif found:
            self.adopted[name] = tuple(kind for kind in (CODE, COMMAND, FORM, UNKNOWN) if kind in found)

    def settle(self, workflow: Any, report: Path, partly: bool) -> None:
        """Adopt what the plan leaves out, unless something else is refused, and write the report."""
        dag, records = workflow.dag, workflow.persistence
        jobs = [job for level in dag.toposorted() for job in level if job.output]
        files = {str(file): file for job in jobs for file in job.output}
        refused: dict[tuple[str, str], list[str]] = {}
        follow = new = 0
        for one in planned_jobs(workflow):
            if replace(one.reason, follows=()) == Reason():
                follow += 1
            elif one.reason.missing and not _was_made(one, records, files):
                new += 1
            else:
                refused.setdefault((one.stage, self._said(one)), []).append(one.outputs[0])
        adopted = [job for job in jobs if not dag.needrun(job) and self.can_adopt(records, job)]
        done: dict[str, Any] = {
            "adopted": [
                [stage_of(job.rule.name, str(job.benchmark or "")), self.adopted[str(job.output[0])]]
                for job in adopted
            ],
            "refused": [[stage, said, sorted(files)] for (stage, said), files in refused.items()],
            "follow": follow,
            "new": new,
            "error": "",
        }
        try:
            if partly or not refused:
                record(records, adopted)
        except (OSError, UserError) as error:
            done["error"] = explain_os_error(error) if isinstance(error, OSError) else str(error)
        write_json(report, done)

    def _said(self, job: PlannedJob) -> str:
        snakemake = Path(".snakemake")
        if any((snakemake / "incomplete" / place_of(file, snakemake)).exists() for file in job.outputs):
            return STOPPED
        if refusal := self.refused.get(job.outputs[0]):
            return refusal
        said, files = reason_of(job, self.identities, {}, dict.fromkeys(self.unfinished, NOT_FINISHED))
        return said if set(files) <= set(job.outputs) else f"{said}: {', '.join(files)}"


def _was_made(job: PlannedJob, records: Any, files: Mapping[str, Any]) -> bool:
    # A job that failed has records and a log too.
    there = any(Path(file).exists() for file in (*job.outputs, job.benchmark) if file)
    return there and any(records.metadata(files[file]) for file in job.outputs)


def record(records: Any, jobs: list[Any]) -> None:
    """Write in the records of jobs that the present rules made them; a full disk leaves all as they were."""
    snakemake = Path(records.path)
    with tempfile.TemporaryDirectory(dir=snakemake, prefix="accept.") as folder:
        written = []
        for number, (path, content) in enumerate(_present(records, jobs, snakemake)):
            new = Path(folder, str(number))
            with new.open("w", encoding="utf-8") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                shutil.copymode(path, new)
            written.append((new, path))
        for new, path in written:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(new, path)


def _present(records: Any, jobs: list[Any], snakemake: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for job in jobs:
        today = {
            "rule": job.rule.name,
            "code": records._code(job.rule),
            "params": records._params(job),
            "shellcmd": job.shellcmd,
            "log": records._log(job),
        }
        for file in job.output:
            path = snakemake / "metadata" / place_of(str(file), snakemake)
            # The manifest may have a record where Snakemake has none.
            known = None if path.exists() else records.metadata(file)
            if known is not None:
                before = dict(known.items())
            elif not path.exists() and Path(file).exists():
                before = {"input": records._input(job), "incomplete": False, "record_format_version": 6}
                before |= dict.fromkeys(("starttime", "endtime"), Path(file).stat().st_mtime)
            else:
                before = read_json(path)
            yield path, {**before, **today}
