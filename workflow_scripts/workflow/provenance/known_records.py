"""Inside Snakemake: records from the manifest where Snakemake has none, and user files compared by content.

Results that were copied or moved have no records, or those of another run. If a file has the content that the
manifest lists, it gets the record that the manifest describes (made_with). Written for the pinned version of
Snakemake, which has no interface for this.
"""

import functools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.workflow.graph import settings_of
from workflow_scripts.workflow.provenance.kept_hashes import KeptHashes
from workflow_scripts.workflow.provenance.made_with import (
    Made,
    Settings,
    digest_of_content,
    digest_of_names,
    entry_of,
    filled_in,
    is_listed,
    last_part,
    portable_path,
    portable_value,
    settings_in,
)
from workflow_scripts.workflow.provenance.manifest import known_manifest
from workflow_scripts.workflow.provenance.plan_files import PlanFiles
from workflow_scripts.workflow.settings import are_named, as_json

#: The form of records that Snakemake compares (snakemake.persistence.RECORD_FORMAT_VERSION).
RECORD_FORMAT = 6
#: A record holds its output's time when the job had finished, as a float (s).
SAME_TIME_SECONDS = 1e-3
#: Instead of a checksum: that of the file as it is.
AS_IT_IS = "sha256:as it is"
#: An input list that no job has.
OTHER_INPUTS = ["(other inputs than now)"]


class KnownRecords(PlanFiles):
    """What is known of a workflow's outputs. ``record``: Snakemake's class of one record."""

    def __init__(self, workflow: Any, results: str, hashes: KeptHashes, record: Any) -> None:
        super().__init__(workflow, results, hashes)
        self.kind = record
        self._restored: dict[str, Any] = {}
        self._newer: dict[str, bool] = {}

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest as it was when it was first asked for."""
        return known_manifest(Path(self.results))

    def into(self, records: Any, files: Any) -> None:
        """Make Snakemake plan with it. ``records``, ``files``: its classes of all records and of a file."""
        self.read, input_checksums = records.metadata, records.input_checksums
        is_newer, eligible = files.is_newer, files.is_checksum_eligible
        checksum, same = files.checksum, files.is_same_checksum

        def metadata(self_: Any, target: Any) -> Any:
            return self.record(self_, target)

        def checksums(self_: Any, job: Any, path: Any) -> Any:
            if self.is_given(path):
                return self.checksums(self_, job, path)
            found = input_checksums(self_, job, path)
            # Snakemake keeps none of large files.
            return (self._listed_checksums(job, str(path)) or found) if None in found else found

        async def newer(file: Any, time: float) -> bool:
            found: bool = await is_newer(file, time)
            if self.is_given(file):
                # Content decides; the time only if there is nothing to compare with.
                self._newer[str(file)] = found
                return True
            return found

        async def has_checksum(file: Any, threshold: int) -> bool:
            # Large files have a checksum if one was kept.
            return bool(await eligible(file, threshold)) or Path(file).is_file()

        async def checksum_of(
            file: Any, threshold: Any = None, force: bool = False, algorithm: Any = None
        ) -> Any:
            if self.is_given(file) and algorithm in (None, "sha256"):
                digest = self.hashes.of(str(file))
                return digest and f"sha256:{digest}"
            if not force and not await eligible(file, threshold):
                return None
            return await checksum(file, threshold, force=force, algorithm=algorithm)

        async def is_same(file: Any, other: Any, threshold: Any, force: bool = False) -> Any:
            if other == AS_IT_IS:
                return True
            if other is not None and other.startswith("sha256:") and not await eligible(file, threshold):
                return self.hashes.of(str(file)) == other.removeprefix("sha256:")
            return await same(file, other, threshold, force=force)

        records.metadata, records.input_checksums = metadata, checksums
        files.is_newer, files.is_checksum_eligible = newer, has_checksum
        files.checksum, files.is_same_checksum = checksum_of, is_same

    def record(self, records: Any, target: Any) -> Any:
        """Return the record of a file: Snakemake's if it is of the file that is there, or the manifest's."""
        found, file = self.read(records, target), str(target)
        if found is not None and is_of(found, file):
            return found
        if file not in self._restored:
            self._restored[file] = self._from_manifest(records, file, surely=found is not None)
        return self._restored[file] or found

    def _from_manifest(self, records: Any, file: str, surely: bool) -> Any:
        """Return the manifest's record of a file as it is; ``surely``: its time must be the listed one."""
        job, name = self.job_of(file), self.name_of(file)
        if job is None or name is None:
            return None
        entry = entry_of(self.manifest, name)
        settings = settings_in(self.manifest, entry)
        if settings is None or not is_listed(file, entry, None if surely else self.hashes):
            return None
        time = Path(file).stat().st_mtime if Path(file).exists() else None
        sums = self._content(job, entry)
        whole = sums is not None and entry["inputs"] == digest_of_names(self.read_by(job))
        return self.kind(
            rule=settings.rule,
            code=settings.command,
            params=self._forms(job, settings),
            shellcmd=filled_in(settings, job.wildcards_dict),
            input=records._input(job) if whole else OTHER_INPUTS,
            log=records._log(job),
            starttime=time,
            endtime=time,
            incomplete=False,
            record_format_version=RECORD_FORMAT,
            input_checksums={**(sums or {}), **self._sources(job, entry)},
        )

    def _forms(self, job: Any, settings: Settings) -> list[str]:
        if not are_named(settings.command):  # of an earlier version
            return sorted(map(repr, settings.params.values()))
        now = settings_of(job)
        return [repr(as_json(now if portable_value(now) == settings.params else settings.params))]

    def _content(self, job: Any, entry: Any) -> dict[str, str] | None:
        files = self.manifest["files"]
        own = self.own_inputs(job)
        hashes = {name: files[name]["sha256"] for name in own.values() if name in files}
        found = digest_of_content([*own.values()], hashes)
        if found is None or "content" not in entry:
            return {}
        if found != entry["content"]:
            return None
        return {file: f"sha256:{hashes[name]}" for file, name in own.items()}

    def _sources(self, job: Any, entry: Any) -> dict[str, str]:
        given, kept = self.given_to(job), entry.get("sources", [])
        if [last_part(file) for file in given] != [last_part(name) for name, _ in kept]:
            return {}
        return {file: f"sha256:{digest}" for file, (_, digest) in zip(given, kept, strict=True)}

    def checksums(self, records: Any, job: Any, path: Any) -> set[Any]:
        """Return the checksums that a file of the user's had when a job read it."""
        known: set[str] = set()
        nothing = False
        for output in job.output:
            found = records.metadata(output)
            sums = dict((found.input_checksums if found else None) or {})
            name = self.name_of(str(output))
            if str(path) not in sums and name is not None:
                entry = entry_of(self.manifest, name)
                sums |= self._sources(job, entry) if is_listed(str(output), entry) else {}
            if str(path) in sums:
                known.add(sums[str(path)])
            else:
                nothing = True
        if nothing and self._newer.get(str(path), True):
            return {*known, None}
        return known or {AS_IT_IS}

    def _listed_checksums(self, job: Any, path: str) -> set[str]:
        """Return the checksum of an own input that the manifest has for all outputs of a job, if any."""
        found = set()
        for output in map(str, job.output):
            entry = entry_of(self.manifest, self.name_of(output))
            sums = self._content(job, entry) if is_listed(output, entry, self.hashes) else None
            if not sums:
                return set()
            found.add(sums[path])
        return found

    def made(self, records: Any) -> Iterator[tuple[str, Made]]:
        """Yield (output, what made it) where a record has the present settings and is not listed yet."""
        for job in list(self.workflow.dag.jobs):
            if not job.output:
                continue
            settings, read = self.settings(job), self.read_by(job)
            key, names = settings.key, digest_of_names(read)
            for file in map(str, job.output):
                name = self.name_of(file)
                entry = entry_of(self.manifest, name)
                said = (entry.get("settings"), entry.get("inputs")) == (key, names)
                if name is None or (said and is_listed(file, entry)):
                    continue
                found = self._current(records, job, file)
                if found is not None:
                    own = (*self.own_inputs(job).values(),)
                    yield file, Made(settings, read, own, self._sources_read(job, found))

    def is_newer_than_listed(self, file: str, made: Mapping[str, Made]) -> bool:
        """Tell whether a failed or killed run made a file; ``made``: what records say of files."""
        return file in made and not is_listed(file, entry_of(self.manifest, self.name_of(file)))

    def _current(self, records: Any, job: Any, file: str) -> Any:
        [target] = [one for one in job.output if str(one) == file]
        found = self.read(records, target)
        if found is None or not is_of(found, file) or found.params is None:
            return None
        same = {*found.params} == {*records._params(job)}
        same = same and found.code == job.rule.shellcmd and found.input == records._input(job)
        return found if same else None

    def _sources_read(self, job: Any, found: Any) -> tuple[tuple[str, str], ...]:
        """Return (name, SHA-256) of the user's files as a job read them, if all are known."""
        kept, read = found.input_checksums or {}, []
        for file in self.given_to(job):
            digest = str(kept.get(file, "")).removeprefix("sha256:")
            if not digest and Path(file).stat().st_mtime <= (
                found.endtime or 0
            ):  # it would be made again otherwise
                digest = self.hashes.of(file) or ""
            if not digest:
                return ()
            read.append((portable_path(file, self.here), digest))
        return tuple(read)


def is_of(record: Any, file: str) -> bool:
    """Tell whether a record has the time of the file (or link) as it is, or there is no file."""
    try:
        times = {os.stat(file).st_mtime, os.lstat(file).st_mtime}  # noqa: PTH116  (of all files of a plan)
    except (FileNotFoundError, NotADirectoryError):
        return True
    return record.endtime is None or any(abs(one - record.endtime) <= SAME_TIME_SECONDS for one in times)
