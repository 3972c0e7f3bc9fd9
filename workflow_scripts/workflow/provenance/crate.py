"""Write an experiment as a Workflow Run RO-Crate, in place and as a zip to hand in: ``make crate CONFIG=…``.

``ro-crate-metadata.json`` in the results folder describes all of it. ``crate.zip`` has what can be passed on:
no weights, and no text whose licence is unknown; its README.md says what was left out.
"""

import json
import shutil
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow_scripts.common.archive import FIXED_DATE
from workflow_scripts.common.errors import UserError, first_of, run_main
from workflow_scripts.common.files import atomic_path, sha256_of, write_json
from workflow_scripts.common.naming import number_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.plan.times import benchmark_files, benchmark_rows
from workflow_scripts.workflow.provenance.crate_contents import Contents, contents_of
from workflow_scripts.workflow.provenance.crate_metadata import (
    ACTIVE,
    COMPLETED,
    FAILED,
    METADATA,
    README,
    WORKFLOW,
    Run,
    crate_metadata,
)
from workflow_scripts.workflow.provenance.made_on import code
from workflow_scripts.workflow.provenance.manifest import config_of, known_manifest, with_defaults
from workflow_scripts.workflow.run.running import look

CHECKOUT = Path(__file__).resolve().parents[3]
CRATE = "crate.zip"
#: What of a checkout is the workflow; its stages are known by the commit.
OF_WORKFLOW = ("Snakefile", "LICENSE", "CITATION.cff", "rules/*.smk", "envs/*.lock.txt")
#: Text that this package generates is its authors' own.
TOY = "toy"
SHOWN = 20


def lay_down_workflow(results: Path, configfile: Path) -> dict[str, str]:
    """Copy the workflow and the config into the folder ``workflow`` of results; return file → SHA-256."""
    files = {
        f"{WORKFLOW}/{file.relative_to(CHECKOUT).as_posix()}": file
        for pattern in OF_WORKFLOW
        for file in sorted(CHECKOUT.glob(pattern))
    }
    files[f"{WORKFLOW}/config.yaml"] = configfile
    hashes = {name: sha256_of(file) for name, file in files.items()}
    for name, file in files.items():
        if not (results / name).is_file() or sha256_of(results / name) != hashes[name]:
            (results / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, results / name)
    return hashes


def run_times(results: Path) -> tuple[datetime | None, datetime | None]:
    """Return when the first job began and the last one ended, by their benchmarks; None without any."""
    spans = []
    for folder in sorted((results / "benchmarks").glob("*")):
        for file in benchmark_files(folder).values():
            end = file.stat().st_mtime
            spans += [(end - sum(seconds for seconds, _ in benchmark_rows(file)), end)]
    if not spans:
        return None, None
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    return datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)


def lacks(contents: Contents) -> str:
    """Return in one line what an experiment lacks, or ""."""
    if not contents.missing:
        return ""
    are = "is" if len(contents.missing) == 1 else "are"
    return f"{number_of(len(contents.missing), 'result')} {are} missing: {first_of(contents.missing)}."


def run_of(experiment: Experiment, results: Path, contents: Contents, is_on: bool, **said: Any) -> Run:
    """Return what is said of an experiment's run; ``said``: what the command line does."""
    manifest, error = known_manifest(results), lacks(contents)
    packages = manifest.get("environments", {}).get("workflow", {}).get("packages", {})
    commit = manifest.get("code", {}).get("commit", "")
    hardware = manifest.get("hardware", {})
    machine = f"On {hardware['cores']} cores of {hardware['cpu']}." if hardware else ""
    started, ended = run_times(results)
    version = manifest.get("neuronspec", "unknown")
    return Run(
        experiment=experiment.experiment,
        status=ACTIVE if is_on else FAILED if error or not manifest else COMPLETED,
        error=error or ("" if manifest else "no run has ended well: there is no manifest.json."),
        started=started,
        ended=None if is_on else ended,
        version=f"{version}+{commit[:12]}" if commit else version,
        snakemake=packages.get("snakemake", "unknown"),
        machine=machine,
        sources=sources_of(manifest),
        **said,
    )


def sources_of(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return (name, SHA-256) of each user's file that a job read, once."""
    entries = manifest.get("files", {}).values()
    pairs = ((str(name), str(digest)) for entry in entries for name, digest in entry.get("sources", ()))
    return tuple(sorted({digest: (name, digest) for name, digest in pairs}.values()))


def readme(run: Run, contents: Contents) -> str:
    """Return what the crate's README.md says, in Markdown."""

    def listed(files: list[str]) -> Iterator[str]:
        yield from (f"- `{name}`" for name in files[:SHOWN])
        if len(files) > SHOWN:
            yield f"- … and {len(files) - SHOWN} more"

    lines = [f"# {run.experiment}", ""]
    lines += [f"**PARTIAL**: {run.error}", ""] if run.error else []
    lines += [
        f"{number_of(len(contents.taken), 'file')} of an experiment of neuronspec. `{METADATA}` says what"
        " each is, its SHA-256, and how it was made; `workflow/` has the workflow, its config and packages.",
        "",
        "## Left out",
        "",
    ]
    for reason, files in contents.left_out.items():
        lines += [f"{number_of(len(files), 'file')}: {reason}.", "", *listed(files), ""]
    lines += ["Nothing.", ""] if not contents.left_out else []
    if contents.missing:
        lines += ["## Missing", "", *listed(contents.missing), ""]
    if contents.changed:
        lines += ["## Changed since the run", "", *listed(contents.changed), ""]
    return "\n".join(lines)


def check_config(experiment: Experiment, results: Path) -> None:
    """Refuse a config that is not the run's: the crate would hold another than its results were made with."""
    manifest = known_manifest(results)
    if not manifest:
        return
    now, then = config_of(experiment, results), with_defaults(manifest["config"])
    if other := [key for key in now if then.get(key) != now[key]]:
        raise UserError(
            f"{results}: {first_of(other)} of the config is not what its run had; 'make run' first, or name"
            " the config of the run (CONFIG=…)"
        )


def main(argv: list[str] | None = None) -> None:
    """Write the metadata in place and the zip; say what was left out and what is missing."""
    parser = parser_of(__doc__)
    parser.add_argument("--agent", help="who ran it")
    parser.add_argument("--agent-id", help="an address of that person, such as an ORCID")
    parser.add_argument("--licence", help="of the results: an address, or a name")
    parser.add_argument("--text-licence", help="of the text, which is packed then")
    arguments = parser.parse_args(argv)
    if arguments.agent_id and not arguments.agent:
        raise UserError("--agent-id: goes with --agent, the person's name")
    experiment = load_file(arguments.configfile)
    name = f"results/{experiment.experiment}"
    results = arguments.directory / name
    if not results.is_dir():
        raise UserError(f"{name}: there are no results; 'make run' with the same CONFIG makes them")
    check_config(experiment, results)
    is_on = look(arguments.directory, name).since is not None
    licence = arguments.licence or (experiment.export.licence if experiment.export else None)
    agent = (arguments.agent, arguments.agent_id) if arguments.agent else None
    text_licence = arguments.text_licence or (experiment.export.text_licence if experiment.export else None)
    said = {"agent": agent, "licence": licence, "text_licence": text_licence}
    files = lay_down_workflow(results, Path(arguments.configfile))
    whole = contents_of(experiment, results, True, everything=True)
    metadata = crate_metadata(run_of(experiment, results, whole, is_on, **said), files, whole, results)
    write_json(results / METADATA, metadata)
    text_is_known = text_licence is not None or experiment.data.source.type == TOY
    contents = contents_of(experiment, results, text_is_known, everything=False)
    run = run_of(experiment, results, contents, is_on, **said)
    write_zip(results, run, files, contents)
    for line in report(name, run, contents, manifest_code(results)):
        print(line, file=sys.stderr)


def write_zip(results: Path, run: Run, files: Mapping[str, str], contents: Contents) -> None:
    """Write ``crate.zip``: metadata, README.md, workflow and contents; equal content gives equal bytes but
    for the date in the metadata."""
    with atomic_path(results / CRATE) as temporary, zipfile.ZipFile(temporary, "w") as archive:

        def put(name: str, content: bytes) -> None:
            member = zipfile.ZipInfo(name, FIXED_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)

        text = readme(run, contents)
        metadata = crate_metadata(run, files, contents, results, text.encode())
        put(METADATA, json.dumps(metadata, indent=1, ensure_ascii=False).encode())
        put(README, text.encode())
        for name in [*files, *contents.taken]:
            put(name, (results / name).read_bytes())


def manifest_code(results: Path) -> str | None:
    """Return a line where the workflow that is packed is not the one that ran."""
    then, now = known_manifest(results).get("code"), code(CHECKOUT)
    if then is None or now is None or (then["commit"], then["changed"]) == (now["commit"], now["changed"]):
        return None
    return f"the run had commit {then['commit'][:12]}, workflow/ is of {now['commit'][:12]}"


def report(name: str, run: Run, contents: Contents, other_code: str | None) -> Iterator[str]:
    """Yield what a user is told."""
    size = number_of(len(contents.taken), "file")
    yield f"{name}/{METADATA}: describes the folder; {name}/{CRATE}: {size} to hand in"
    for reason, files in contents.left_out.items():
        yield f"left out: {number_of(len(files), 'file')}, {reason}: {first_of(files)}"
    if run.error:
        yield f"PARTIAL: {run.error}"
    if run.status == ACTIVE:
        yield "PARTIAL: a run is on, and makes more"
    if contents.changed:
        yield f"changed since the run: {first_of(contents.changed)}; 'make verify' says more"
    if other_code:
        yield f"note: {other_code}"
    if run.licence is None:
        yield "no licence of the results is named: --licence, or export.licence of the config"


if __name__ == "__main__":
    run_main(main)
