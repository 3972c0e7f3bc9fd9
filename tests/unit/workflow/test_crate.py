"""`make crate`: what RO-Crate's profiles require, files and hashes, what stays out, partial experiments."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.unit.workflow.small_results import CONFIG, experiment, lay_down_results
from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.provenance.crate import main, run_of
from workflow_scripts.workflow.provenance.crate_contents import (
    BINARY,
    TEXT,
    VALUES,
    WEIGHTS,
    Contents,
    reason_to_leave_out,
)
from workflow_scripts.workflow.provenance.manifest import write_manifest
from workflow_scripts.workflow.software.environments import ROOT

RESULTS = Path("results/tiny")
#: When each job of the fixture ended; all took 12.5 s.
ENDED = 1_800_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a finished experiment."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        of = experiment()
        write_manifest(of, RESULTS, ROOT, lay_down_results(folder, of), None)
        for file in RESULTS.glob("benchmarks/**/*.tsv"):
            os.utime(file, (ENDED, ENDED))
        Path("config.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


@pytest.fixture
def results(made, tmp_path, monkeypatch):
    """A copy of it in the working directory."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return RESULTS


def crate(*options):
    main(["--configfile", "config.yaml", *options])
    return json.loads((RESULTS / "ro-crate-metadata.json").read_text())


def packed():
    with zipfile.ZipFile(RESULTS / "crate.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return files, entities(json.loads(files["ro-crate-metadata.json"]))


def entities(metadata):
    return {one["@id"]: one for one in metadata["@graph"]}


def change_manifest(change):
    manifest = json.loads((RESULTS / "manifest.json").read_text())
    change(manifest)
    (RESULTS / "manifest.json").write_text(json.dumps(manifest))


def listed(value):
    return value if isinstance(value, list) else [value]


#: Every MUST of RO-Crate 1.1, Process Run Crate 0.5, Workflow Run Crate 0.5 and Workflow RO-Crate 1.0 that
#: holds for a crate of files, one workflow and one run.
MUSTS = {
    "the descriptor is a CreativeWork": lambda e: e["ro-crate-metadata.json"]["@type"] == "CreativeWork",
    "the descriptor is about the root": lambda e: e["ro-crate-metadata.json"]["about"] == {"@id": "./"},
    "the descriptor conforms to RO-Crate 1.1": lambda e: (
        {"@id": "https://w3id.org/ro/crate/1.1"} in e["ro-crate-metadata.json"]["conformsTo"]
    ),
    "the root is a Dataset": lambda e: e["./"]["@type"] == "Dataset",
    "the root has a name": lambda e: e["./"]["name"] == "tiny: an experiment of neuronspec",
    "the root has a description": lambda e: len(e["./"]["description"]) > 20,
    "the root has a date in ISO 8601": lambda e: (
        datetime.fromisoformat(e["./"]["datePublished"]).tzinfo is not None
    ),
    "the root has a licence": lambda e: bool(e["./"]["license"]),
    "every file is a part of the root": lambda e: (
        {name for name, one in e.items() if "File" in listed(one["@type"])}
        == {part["@id"] for part in e["./"]["hasPart"]}
    ),
    "every file has a relative address": lambda e: not [
        name for name, one in e.items() if "File" in listed(one["@type"]) and (":" in name or name[0] in "/#")
    ],
    "the root conforms to the three profiles, and they are CreativeWorks": lambda e: (
        {one["@id"]: e[one["@id"]]["@type"] for one in e["./"]["conformsTo"]}
        == {
            "https://w3id.org/ro/wfrun/process/0.5": "CreativeWork",
            "https://w3id.org/ro/wfrun/workflow/0.5": "CreativeWork",
            "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "CreativeWork",
        }
    ),
    "the main entity is the workflow": lambda e: e["./"]["mainEntity"] == {"@id": "workflow/Snakefile"},
    "the workflow has three types": lambda e: (
        e["workflow/Snakefile"]["@type"] == ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    ),
    "the workflow names its language": lambda e: (
        e[e["workflow/Snakefile"]["programmingLanguage"]["@id"]]["@type"] == "ComputerLanguage"
    ),
    "there is an action, whose instrument is the workflow": lambda e: (
        (e["#run"]["@type"], e["#run"]["instrument"]) == ("CreateAction", {"@id": "workflow/Snakefile"})
    ),
    "the root mentions the action": lambda e: e["./"]["mentions"] == {"@id": "#run"},
    "no parameter is named that is not described": lambda e: (
        not {"input", "output"} & e["workflow/Snakefile"].keys()
    ),
    "every reference leads to an entity, or out of the crate": lambda e: not [
        one["@id"]
        for entity in e.values()
        for value in entity.values()
        for one in listed(value)
        if isinstance(one, dict) and one["@id"] not in e and not one["@id"].startswith("http")
    ],
}  # fmt: skip


def test_what_the_profiles_require(results):
    in_place = entities(crate())
    for found in (in_place, packed()[1]):
        assert [must for must, holds in MUSTS.items() if not holds(found)] == []


def test_the_list_of_what_is_required_can_fail(results):
    metadata = json.dumps(crate())
    for entity, key, value, broken in (
        ("#run", "instrument", {"@id": "#other"}, "there is an action, whose instrument is the workflow"),
        ("./", "license", "", "the root has a licence"),
        ("./", "mainEntity", {"@id": "workflow/LICENSE"}, "the main entity is the workflow"),
        ("workflow/Snakefile", "@type", ["File"], "the workflow has three types"),
        ("workflow/Snakefile", "input", [], "no parameter is named that is not described"),
    ):
        found = entities(json.loads(metadata))
        found[entity][key] = value
        assert broken in [must for must, holds in MUSTS.items() if not holds(found)]


def test_the_words_of_the_crate_are_defined(results):
    assert crate()["@context"] == [
        "https://w3id.org/ro/crate/1.1/context",
        {"sha256": "http://schema.org/sha256"},
    ]


def test_every_file_is_there_with_its_hash(results):
    in_place = entities(crate())
    files, inside = packed()
    described = {name for name, one in inside.items() if "File" in listed(one["@type"])}
    assert described == files.keys() - {"ro-crate-metadata.json"}
    for name in described:
        assert inside[name]["sha256"] == hashlib.sha256(files[name]).hexdigest(), name
        assert inside[name]["contentSize"] == str(len(files[name]))
    for name, one in in_place.items():
        if "File" in listed(one["@type"]):
            assert one["sha256"] == hashlib.sha256((RESULTS / name).read_bytes()).hexdigest(), name
    assert in_place["systems/ns-k95/s2/model.safetensors"]["contentSize"] == "21"
    assert inside["tables/summary.csv"]["encodingFormat"] == "text/csv"


def test_the_run(results):
    def change(manifest):
        manifest["code"] = {"commit": "0123456789abcdef", "clean": True, "changed": []}
        manifest["neuronspec"] = "9.8.7"
        manifest["environments"]["workflow"]["packages"]["snakemake"] = "9.99"
        manifest["hardware"] = {"cores": 4, "cpu": "a processor"}
        files = manifest["files"]
        files["tables/summary.csv"]["sources"] = [["…/train.de", "a" * 64], ["…/train.en", "b" * 64]]
        files["tables/summary.md"]["sources"] = [["…/train.de", "a" * 64]]

    change_manifest(change)
    found = entities(
        crate("--agent", "Ada Lovelace", "--agent-id", "https://orcid.org/0", "--licence", "CC0")
    )
    run = found["#run"]
    assert run["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert (run["startTime"], run["endTime"]) == ("2027-01-15T07:59:47+00:00", "2027-01-15T08:00:00+00:00")
    assert run["description"] == "Times are those of the jobs' benchmarks. On 4 cores of a processor."
    assert run["agent"] == {"@id": "https://orcid.org/0"}
    assert found["https://orcid.org/0"]["name"] == "Ada Lovelace"
    assert found["./"]["author"] == {"@id": "https://orcid.org/0"}
    assert run["object"] == [
        {"@id": "workflow/config.yaml"}, {"@id": f"#input-{'a' * 64}"}, {"@id": f"#input-{'b' * 64}"}
    ]  # fmt: skip
    text = found[f"#input-{'a' * 64}"]
    assert (text["name"], text["sha256"], text["license"][:11]) == ("…/train.de", "a" * 64, "not stated:")
    assert {"@id": "tables/summary.csv"} in run["result"] and {"@id": "manifest.json"} in run["result"]
    workflow = found["workflow/Snakefile"]
    assert workflow["version"] == "9.8.7+0123456789ab"
    assert found[workflow["programmingLanguage"]["@id"]]["version"] == "9.99"
    assert {"@id": "workflow/envs/fairseq.lock.txt"} in workflow["softwareRequirements"]
    assert {"@id": "workflow/rules/common.smk"} in workflow["hasPart"]
    assert found["./"]["license"] == "CC0"
    paper = found["https://doi.org/10.18653/v1/2024.emnlp-main.374"]
    assert (paper["@type"], paper["author"]) == ("ScholarlyArticle", "Shaomu Tan, Di Wu, Christof Monz")
    assert {"@id": paper["@id"]} in found["./"]["citation"]


def test_no_agent_is_made_up(results):
    found = entities(crate())
    assert "agent" not in found["#run"] and "author" not in found["./"]


@pytest.mark.parametrize(
    ("name", "unknown", "known"),
    [
        ("tables/summary.md", None, None),
        ("masks/baseline/s1/k95.npz", None, None),
        ("systems/ns-k95/s1/model.safetensors", WEIGHTS, WEIGHTS),
        ("systems/ns-k95/s1/de-en.safetensors", WEIGHTS, WEIGHTS),
        ("systems/ns-k95/s1/system.json", None, None),
        ("systems/ns-k95/s1/masks.npz", None, None),
        ("systems/ns-k95/s1/dict.txt", TEXT, None),
        ("export/ns-k95/s1/ctranslate2/de-en/model.bin", WEIGHTS, WEIGHTS),
        ("export/ns-k95/s1/ctranslate2/README.md", None, None),
        ("translations/baseline/s1/news/de-en.txt", TEXT, None),
        ("data/text/train/de-en.de.txt", TEXT, None),
        ("data/text/train/de-en.json", None, None),
        ("data/card.md", None, None),
        ("data/bin/train.de-en.de.bin", BINARY, BINARY),
        ("data/labels/valid/de-en.de.jsonl", TEXT, None),
        ("identifier/model.npz", TEXT, None),
        ("identifier/accuracy.json", None, None),
        ("analysis/collect_units/baseline/s1/encoder.json", VALUES, VALUES),
        ("analysis/overlap/baseline/s1/k95.csv", None, None),
        ("report/answer.html", None, None),
        ("report/explorer.html", TEXT, None),
    ],
)
def test_what_is_left_out(name, unknown, known):
    assert reason_to_leave_out(name, text_is_known=False) == unknown
    assert reason_to_leave_out(name, text_is_known=True) == known


def test_what_was_left_out_is_said(results, capsys):
    crate()
    files, _ = packed()
    assert "translations/baseline/s1/news/de-en.txt" not in files
    said, readme = capsys.readouterr().err, files["README.md"].decode()
    for text in (said, readme):
        assert "weights of models" in text and "systems/baseline/s1/model.safetensors" in text
        assert "whose licence is not known" in text
    (RESULTS / "report").mkdir(exist_ok=True)
    (RESULTS / "report/explorer.html").write_text("sentences")
    crate("--text-licence", "CC-BY-4.0")
    files, _ = packed()
    assert files["report/explorer.html"] == b"sentences"
    assert files["translations/baseline/s1/news/de-en.txt"] == b"translations/baseline/s1/news/de-en.txt\n"
    assert "whose licence" not in capsys.readouterr().err


def test_a_missing_file_is_said_and_the_crate_is_partial(results, capsys):
    (RESULTS / "tables/summary.csv").unlink()
    found = entities(crate())
    said = "1 result is missing: tables/summary.csv."
    assert found["#run"]["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert found["#run"]["error"] == said
    assert found["./"]["description"].startswith(f"PARTIAL: {said} ")
    assert "tables/summary.csv" not in found
    files, inside = packed()
    assert inside["#run"]["error"] == said
    assert f"**PARTIAL**: {said}" in files["README.md"].decode()
    assert f"PARTIAL: {said}" in capsys.readouterr().err


def test_an_experiment_that_never_ended(results):
    (RESULTS / "manifest.json").unlink()
    run = entities(crate())["#run"]
    assert run["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert run["error"] == "no run has ended well: there is no manifest.json."


def test_a_run_that_is_on_has_no_end(results):
    run = run_of(experiment(), RESULTS, Contents(), is_on=True)
    assert run.status == "http://schema.org/ActiveActionStatus"
    assert (run.started, run.ended) == (datetime.fromtimestamp(ENDED - 12.5, UTC), None)


def test_a_file_that_changed_is_packed_with_its_own_hash_and_said(results, capsys):
    (RESULTS / "tables/summary.csv").write_text("other\n")
    crate()
    files, inside = packed()
    assert inside["tables/summary.csv"]["sha256"] == hashlib.sha256(b"other\n").hexdigest()
    assert "## Changed since the run\n\n- `tables/summary.csv`" in files["README.md"].decode()
    assert "changed since the run: tables/summary.csv; 'make verify' says more" in capsys.readouterr().err


def test_names_of_a_manifest_cannot_leave_the_folder(results, tmp_path):
    (tmp_path / "secret").write_text("secret")
    change_manifest(lambda m: m["files"].update({"../../secret": m["files"]["tables/summary.csv"]}))
    assert not [name for name in entities(crate()) if "secret" in name]
    assert not [name for name in packed()[0] if "secret" in name]


def test_a_file_of_the_user_in_the_folder_stays(results):
    (RESULTS / "README.md").write_text("mine")
    crate()
    assert (RESULTS / "README.md").read_text() == "mine"


def test_equal_results_give_an_equal_crate_but_for_its_date(results):
    crate()
    one, _ = packed()
    crate()
    two, _ = packed()
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == ["ro-crate-metadata.json"]


def test_other_configs_and_words_are_refused(results):
    Path("config.yaml").write_text(yaml.safe_dump({**CONFIG, "masks": {"k": [90]}}))
    with pytest.raises(UserError, match="masks of the config is not what its run had; 'make run'"):
        crate()
    Path("config.yaml").write_text(yaml.safe_dump(CONFIG))
    with pytest.raises(UserError, match="--agent-id: goes with --agent"):
        crate("--agent-id", "https://orcid.org/0")
    shutil.rmtree(RESULTS)
    with pytest.raises(UserError, match="results/tiny: there are no results; 'make run'"):
        crate()
