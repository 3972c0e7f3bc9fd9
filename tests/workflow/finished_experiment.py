"""An experiment whose every job has finished, made in seconds without running one.

Text is laid down, every output that the workflow declares gets some content, and Snakemake's `--touch`
records each job as it does after running it: params, inputs and their checksums. What a change would rerun
is then a dry run in a copy of the folder.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests import forked
from tests.small_config import BASE
from workflow_scripts.workflow.graph import GRAPH_VARIABLE, PlannedJob, read
from workflow_scripts.workflow.plan.training_code import TRAINING_RULES, training_code

ROOT = Path(__file__).resolve().parents[2]
SUBSETS = ("train", "valid", "news", "talks")
SECONDS_OF_A_TRAINING = 5400
LANGUAGES = ("en", "de", "fr")

CONFIG: dict[str, Any] = {
    "experiment": "small",
    "languages": list(LANGUAGES),
    "pivot": "en",
    "groups": {
        "family": {"germanic": ["de"], "romance": ["fr"]},
        "tier": {"high": ["de"], "low": ["fr"]},
    },
    "data": BASE["data"],
    "train": {"max_tokens": 2400, "update_freq": 1},
    "finetune": {"max_tokens": 2400, "update_freq": 1},
    "masks": {"k": [70, 95]},
    "evaluation": {"metrics": ["bleu", "chrf++"]},
    "analysis": {"mask_control_k": 70, "overlap_k": 70, "overlap_grouping": "family"},
}


def merged(config: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config with some keys changed; lists are replaced, not joined."""
    out = dict(config)
    for key, value in change.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = merged(out[key], value) if both else value
    return out


def snakemake(
    folder: Path,
    config: Mapping[str, Any],
    *options: str,
    checkout: Path = ROOT,
    path: str = "",
    configfile: str | Path = "config.yaml",
    graph: str = "",
) -> str:
    """Run Snakemake in a folder as `make run` does, and return what it said; `path` goes before PATH."""
    (folder / configfile).write_text(yaml.safe_dump(dict(config), sort_keys=False))
    command = [
        "workflow_scripts.workflow.run.start",
        "--snakefile",
        str(checkout / "Snakefile"),
        "--cores",
        "4",
    ]
    command += ["--configfile", str(configfile)]
    return program(folder, *command, *options, checkout=checkout, path=path, graph=graph)


def program(folder: Path, *words: str, checkout: Path = ROOT, path: str = "", graph: str = "") -> str:
    """Run a module of a checkout in a folder, and return what it said on stdout."""
    variables = {**os.environ, **({GRAPH_VARIABLE: graph} if graph else {})}
    if path:
        variables["PATH"] = f"{path}:{variables['PATH']}"
    done = forked.run(folder, *words, checkout=checkout, variables=variables)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def planned(folder: Path, config: Mapping[str, Any], *options: str, **where: Any) -> list[PlannedJob]:
    """Return what a dry run would run."""
    with tempfile.TemporaryDirectory() as private:
        graph = Path(private, "jobs")
        words = ["--quiet", "all", "--dry-run", *options]
        snakemake(folder, config, *words, graph=str(graph), **where)
        return list(read(graph.open(encoding="utf-8")))


def counts(jobs: Sequence[PlannedJob]) -> dict[str, int]:
    """Return jobs by stage (`count_activations_en` is one of `count_activations`)."""
    return dict(Counter(job.stage for job in jobs))


def finish(folder: Path, config: Mapping[str, Any] = CONFIG, **where: Any) -> Path:
    """Bring an experiment into the state in which all jobs have finished, from where it stands."""
    jobs = planned(folder, config, **where)
    for job in jobs:
        for name in (*job.outputs, job.benchmark, job.log):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content(name))
    # Without forcing, what is there counts as made, and nothing is recorded. Only these: each is a job.
    forced = sorted({job.rule for job in jobs})
    snakemake(folder, config, "--touch", "--quiet", "all", "--forcerun", *forced, **where)
    for job in jobs:
        if job.rule in TRAINING_RULES:
            name = job.wildcards.get("finetuned", "baseline")
            training = (
                folder / "results" / config["experiment"] / "training" / name / f"s{job.wildcards['seed']}"
            )
            training.mkdir(parents=True)
            (training / "finished.json").write_text(json.dumps({"code": training_code(job.rule)}))
            (training / "history.json").write_text(json.dumps({"seconds": SECONDS_OF_A_TRAINING}))
    return folder


def content(name: str) -> bytes:
    """Return content of a form that can be read, and other for each file, as the real ones differ."""
    # What the manifest of a run reads of the data card and of scores: none.
    text = json.dumps({"file": name, "subsets": {}, "subwords": {"sha256": ""}, "directions": {}}).encode()
    if name.endswith(".tsv"):
        return b"s\tmax_rss\n1.0\tNA\n"
    if name.endswith(".npz"):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            members.writestr("file", text)
        return archive.getvalue()
    if name.endswith(".safetensors"):
        empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
        header = json.dumps({"__metadata__": {"file": name}, "empty": empty}).encode()
        return struct.pack("<Q", len(header)) + header
    return text + b"\n"


def lay_down_text(folder: Path) -> None:
    """Write a line of text for every subset and language, a contrastive set and published numbers.

    The config names neither these two nor the subset `talks`.
    """
    (folder / "text").mkdir(parents=True, exist_ok=True)
    for subset in SUBSETS:
        for language in LANGUAGES:
            (folder / "text" / f"{subset}.{language}").write_text(f"{subset} {language}\n")
    item = "de-en\t1\tein Haus\ta house\ta home\tword\n"
    (folder / "gender.tsv").write_text(f"direction\tid\tsource\tcorrect\twrong\tphenomenon\n{item}")
    (folder / "published.csv").write_text("system,direction,metric,score\ntheirs,de-en,BLEU,30.0\n")


def copied_checkout(folder: Path) -> Path:
    """Copy what a run needs of this checkout, to edit it, with what was kept of its modules."""
    # Other processes may be writing beside them.
    half_written = shutil.ignore_patterns("*.pyc.*", "*.syntax.json.*")
    for name in ("rules", "envs", "profiles", "config", "workflow_scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=half_written)
    shutil.copy2(ROOT / "Snakefile", folder / "Snakefile")
    return folder
