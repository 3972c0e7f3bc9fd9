"""The metadata of a Workflow Run RO-Crate: the workflow, the run, its inputs and results, with hashes.

Process Run Crate 0.5, Workflow Run Crate 0.5 and Workflow RO-Crate 1.0, on RO-Crate 1.1.
"""

import functools
import hashlib
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from rocrate.model import ContextEntity, File
from rocrate.rocrate import ROCrate

from workflow_scripts.workflow.provenance.crate_contents import Contents

METADATA, README = "ro-crate-metadata.json", "README.md"
WORKFLOW = "workflow"
SNAKEFILE, CITATION = f"{WORKFLOW}/Snakefile", f"{WORKFLOW}/CITATION.cff"
#: The profiles by name: the package writes none of them for crates of this version.
PROFILES = {
    "Process Run Crate": "https://w3id.org/ro/wfrun/process/0.5",
    "Workflow Run Crate": "https://w3id.org/ro/wfrun/workflow/0.5",
    "Workflow RO-Crate": "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
#: RO-Crate 1.1 has no word for it.
TERMS = {"sha256": "http://schema.org/sha256"}
COMPLETED, FAILED, ACTIVE = (
    f"http://schema.org/{word}ActionStatus" for word in ("Completed", "Failed", "Active")
)
MIT = "https://spdx.org/licenses/MIT"
UNKNOWN_LICENCE = (
    "not stated: ask those who made the results, and the owners of the text, before passing it on"
)
FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".rst": "text/x-rst",
    ".tex": "application/x-tex",
    ".parquet": "application/vnd.apache.parquet",
    ".yaml": "application/yaml",
}


@dataclass(frozen=True)
class Run:
    """What is said of a run.

    Args:
        experiment: its name.
        status: one of ``COMPLETED``, ``FAILED`` and ``ACTIVE``.
        error: what a run that is not complete lacks, in one line.
        started, ended: when its jobs began and ended; None where nothing was timed.
        version: of the workflow; ``snakemake``: of Snakemake.
        machine: a line on the machine, or "".
        agent: who ran it, with an address (an ORCID, for example), or None.
        licence, text_licence: of the results and of the text; an address or a name, None: not known.
        sources: (name, SHA-256) of the user's text and other files that were read.
    """

    experiment: str
    status: str
    error: str
    started: datetime | None
    ended: datetime | None
    version: str
    snakemake: str
    machine: str = ""
    agent: tuple[str, str | None] | None = None
    licence: str | None = None
    text_licence: str | None = None
    sources: Iterable[tuple[str, str]] = field(default_factory=tuple)


def crate_metadata(
    run: Run,
    workflow_files: Mapping[str, str],
    contents: Contents,
    root: Path,
    readme: bytes | None = None,
) -> dict[str, Any]:
    """Return the JSON-LD of a crate.

    ``workflow_files``: file → SHA-256 of what is in the folder ``workflow``: Snakefile, rules, config, locks.
    ``contents``: what else there is. ``root``: where the files of both lie. ``readme``: the crate's own.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(TERMS)
    files = {
        name: crate.add(_file(crate, name, digest, (root / name).stat().st_size))
        for name, digest in {**workflow_files, **contents.taken}.items()
        if name != SNAKEFILE
    }
    workflow = _workflow(crate, root, run, workflow_files)
    texts = [_source(crate, name, digest, run.text_licence) for name, digest in run.sources]
    action = _action(crate, run, workflow)
    configs = [files[name] for name in workflow_files if name.endswith(".yaml")]
    action["object"] = _compact([*configs, *texts])
    action["result"] = _compact([files[name] for name in contents.taken])
    _root(crate, root, run, action)
    if readme is not None:
        about = crate.add(_file(crate, README, hashlib.sha256(readme).hexdigest(), len(readme)))
        about["about"] = crate.root_dataset
    return dict(crate.metadata.generate())


def _compact(values: list[Any]) -> Any:
    """Return one value without its list, which is how RO-Crate writes it."""
    return values[0] if len(values) == 1 else values


def _file(crate: ROCrate, name: str, digest: str, size: int) -> Any:
    suffix = Path(name).suffix
    form = FORMATS.get(suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    facts = {
        "name": name,
        "sha256": digest,
        "contentSize": str(size),
        "encodingFormat": form,
    }
    return File(crate, None, name, properties=facts)


def _workflow(crate: ROCrate, root: Path, run: Run, files: Mapping[str, str]) -> Any:
    workflow = crate.add_workflow(None, SNAKEFILE, main=True, lang="snakemake", lang_version=run.snakemake)
    size = (root / SNAKEFILE).stat().st_size
    for key, value in _file(crate, SNAKEFILE, files[SNAKEFILE], size).properties().items():
        if not key.startswith("@"):
            workflow[key] = value
    workflow["name"] = "neuronspec"
    workflow["version"] = run.version
    workflow["license"] = _address(crate, MIT, "CreativeWork", "MIT License")
    workflow["conformsTo"] = {"@id": BIOSCHEMAS}
    workflow["hasPart"] = [crate.dereference(name) for name in files if name.endswith(".smk")]
    workflow["softwareRequirements"] = [
        crate.dereference(name) for name in files if name.endswith(".lock.txt")
    ]
    return workflow


def _source(crate: ROCrate, name: str, digest: str, licence: str | None) -> Any:
    """Return what is said of a user's file, which is not in the crate."""
    facts = {
        "@type": "CreativeWork",
        "name": name,
        "sha256": digest,
        "description": "read by the run; not in the crate",
        "license": licence or UNKNOWN_LICENCE,
    }
    return crate.add(ContextEntity(crate, f"#input-{digest}", properties=facts))


def _action(crate: ROCrate, run: Run, workflow: Any) -> Any:
    facts: dict[str, Any] = {
        "name": f"The run of {run.experiment}",
        "description": " ".join(
            part for part in ("Times are those of the jobs' benchmarks.", run.machine) if part
        ),
        "actionStatus": run.status,
    }
    if run.error and run.status == FAILED:
        facts["error"] = run.error
    for key, value in (("startTime", run.started), ("endTime", run.ended)):
        if value is not None:
            facts[key] = value.isoformat(timespec="seconds")
    action = crate.add_action(workflow, "#run", properties=facts)
    if run.agent is not None:
        name, address = run.agent
        action["agent"] = _address(crate, address or "#agent", "Person", name)
        crate.root_dataset["author"] = action["agent"]
    return action


def _root(crate: ROCrate, root: Path, run: Run, action: Any) -> None:
    about = f"Tables, figures, masks and scores of the experiment {run.experiment}, and how they were made."
    crate.name = f"{run.experiment}: an experiment of neuronspec"
    crate.description = f"PARTIAL: {run.error} {about}" if run.error else about
    crate.datePublished = datetime.now(UTC)
    crate.license = run.licence or UNKNOWN_LICENCE
    if run.licence is not None and run.licence.startswith(("https://", "http://")):
        crate.license = _address(crate, run.licence, "CreativeWork", run.licence)
    crate.root_dataset["conformsTo"] = [
        _address(crate, address, "CreativeWork", name, version=address.rpartition("/")[2])
        for name, address in PROFILES.items()
    ]
    crate.root_dataset["mentions"] = action
    papers = papers_of((root / CITATION).read_text(encoding="utf-8"))
    crate.root_dataset["citation"] = [_address(crate, *paper, **facts) for *paper, facts in papers]


@functools.cache
def papers_of(citation: str) -> tuple[tuple[str, str, str, dict[str, str]], ...]:
    """Return (address, kind, title, author and year) of the papers of a CITATION.cff that have an address."""
    papers = []
    for one in yaml.safe_load(citation).get("references", []):
        address = f"https://doi.org/{one['doi']}" if one.get("doi") else one.get("url")
        if address:
            names = [f"{who['given-names']} {who['family-names']}" for who in one["authors"]]
            facts = {"author": ", ".join(names), "datePublished": str(one["year"])}
            papers.append((address, "ScholarlyArticle", one["title"], facts))
    return tuple(papers)


def _address(crate: ROCrate, address: str, kind: str, name: str, **facts: str) -> Any:
    """Return an entity that is described beside the files."""
    return crate.add(ContextEntity(crate, address, properties={"@type": kind, "name": name, **facts}))
