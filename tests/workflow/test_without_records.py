"""Results without Snakemake's records, or with those of another run; texts are compared by content."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.finished_experiment import (
    CONFIG,
    ROOT,
    content,
    copied_checkout,
    counts,
    finish,
    merged,
    planned,
    program,
    snakemake,
)
from tests.workflow.rerun_row import ALL, DECODED, RESULTS, TABLES, code, unrecorded, without
from tests.workflow.rerun_rows_scores import CONTRASTIVE, PUBLISHED
from workflow_scripts.common.files import sha256_of
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.plan.remake import NOT_AS_LISTED
from workflow_scripts.workflow.plan.why import to_remake
from workflow_scripts.workflow.run.leftovers import place_of
from workflow_scripts.workflow.run.status import status_of

BEAM_4: dict[str, Any] = {"decode": {"beam": 4}}
DECODE = {"decode": 16, **DECODED}
HYPOTHESES = "translations/baseline/s1/news/de-en.txt"


@pytest.fixture
def here(finished_experiment: Path, tmp_path: Path) -> Path:
    """A copy of the finished experiment without Snakemake's folder."""
    folder = shutil.copytree(finished_experiment, tmp_path / "here")
    unrecorded()(folder)
    return folder


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / RESULTS / "manifest.json").read_text(encoding="utf-8"))
    return found


def beam(folder: Path, name: str = HYPOTHESES) -> str | None:
    """Return the beam that a hypothesis file was made with, as the manifest says."""
    said = manifest(folder)
    settings = said["settings"].get(said["files"][name].get("settings"))
    return settings and str(settings["params"]["beam"])


def module(folder: Path, name: str, config: Any = CONFIG, checkout: Path = ROOT) -> str:
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    words = [f"workflow_scripts.workflow.plan.{name}", "--configfile", "config.yaml"]
    return program(folder, *words, "--snakefile", str(checkout / "Snakefile"), checkout=checkout)


def test_a_setting_that_changed_is_seen(here: Path) -> None:
    said = module(here, "why", merged(CONFIG, BEAM_4)).splitlines()
    assert " ".join(said[0].split()) == "decode 16 a setting changed: beam 5 → 4"


def test_other_content_than_listed_is_told_alike(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / RESULTS / HYPOTHESES).write_text("of another run\n")
    of = load_experiment(CONFIG)
    monkeypatch.chdir(here)
    assert to_remake(Path(RESULTS), of) == {f"{RESULTS}/{HYPOTHESES}": NOT_AS_LISTED}
    assert status_of(of, here).unrecorded == [HYPOTHESES]
    jobs = planned(here, CONFIG)
    assert [job.outputs for job in jobs if job.reason.forced] == [(f"{RESULTS}/{HYPOTHESES}",)]
    assert counts(jobs)["decode"] == 1


def test_what_was_deleted_is_compared_too(here: Path) -> None:
    """Intermediate text may be deleted (docs/how-to/disk.md): nothing needs it, until a setting changes."""
    for name in ("text", "bin"):
        shutil.rmtree(here / RESULTS / "data" / name)
    snakemake(here, CONFIG)  # nothing is to be done, and the manifest is written anew
    shutil.rmtree(here / ".snakemake")
    assert "data/text/train/de-en.de.txt" not in manifest(here)["files"]
    assert planned(here, CONFIG) == []
    assert counts(planned(here, merged(CONFIG, {"data": {"empty_lines": "drop"}}))) == ALL


def test_two_values_that_changed_places_are_seen(here: Path) -> None:
    """The manifest has names, which Snakemake's records lack."""
    swapped = {"subwords": {"vocab_size": 10_000_000, "sample_sentences": 8000}}
    assert counts(planned(here, merged(CONFIG, swapped))) == without("prepare_text", "train_identifier")


def test_other_inputs_are_seen(here: Path) -> None:
    shutil.move(here / "text/news.de", here / "text/other.de")
    shutil.move(here / "text/news.en", here / "text/other.en")
    shutil.move(here / "text/news.fr", here / "text/other.fr")
    other = {"data": {"source": {"tests": {"news": "text/other.{lang}"}}}}
    jobs = planned(here, merged(CONFIG, other))
    assert {job.wildcards["subset"] for job in jobs if job.rule == "prepare_text"} == {"news"}
    assert counts(jobs)["decode"] == 16


def test_results_that_were_moved_to_where_the_text_has_another_path(here: Path, tmp_path: Path) -> None:
    """The corpus lies in another folder, outside: the same content is no change, whatever its times."""
    shutil.move(here / "text", tmp_path / "corpus")
    source = {name: f"{tmp_path}/corpus/{name}.{{lang}}" for name in ("train", "valid")}
    source["tests"] = {"news": f"{tmp_path}/corpus/news.{{lang}}"}
    config = merged(CONFIG, {"data": {"source": source}})
    os.utime(tmp_path / "corpus/train.de")
    assert planned(here, config) == []
    (tmp_path / "corpus/news.de").write_text("another text\n")
    os.utime(tmp_path / "corpus/news.de", (1, 1))
    assert counts(planned(here, config))["prepare_text"] == 1


def test_changed_code_is_seen_and_can_be_adopted(here: Path, tmp_path: Path) -> None:
    checkout = copied_checkout(tmp_path / "checkout")
    code("report.figures.plot_tables")(checkout)
    assert counts(planned(here, CONFIG, checkout=checkout)) == {"plot_tables": 1, "write_answer": 1}
    assert module(here, "accept", checkout=checkout).splitlines()[-1] == "1 job adopted"
    assert planned(here, CONFIG, checkout=checkout) == []


def test_what_nothing_says_the_settings_of_can_be_adopted(here: Path) -> None:
    (here / RESULTS / "manifest.json").unlink()
    said = module(here, "accept").splitlines()
    assert said[-1] == f"{sum(ALL.values())} jobs adopted"
    assert {line.split("  ")[-1] for line in said[1:-1]} == {"nothing said what made it"}
    assert planned(here, CONFIG) == []
    assert counts(planned(here, merged(CONFIG, BEAM_4))) == DECODE
    assert counts(planned(here, merged(CONFIG, {"data": {"empty_lines": "drop"}}))) == ALL


def test_results_that_were_copied_without_their_times(here: Path, tmp_path: Path) -> None:
    """Copied one by one, what was made is older than what it was made of."""
    copied = shutil.copytree(here, tmp_path / "copied", copy_function=shutil.copy)
    weights = copied / RESULTS / "systems/baseline/s1/model.safetensors"
    os.utime(weights)
    assert planned(copied, CONFIG) == []
    assert counts(planned(copied, merged(CONFIG, BEAM_4))) == DECODE


def test_a_large_file_of_the_experiment_s_own(finished_experiment: Path, tmp_path: Path) -> None:
    """Copied with the records, and newer than what was made of it; Snakemake has no checksum of it."""
    folder = shutil.copytree(finished_experiment, tmp_path / "here")
    name = "systems/baseline/s1/model.safetensors"
    weights, said = folder / RESULTS / name, manifest(folder)
    for record in (folder / ".snakemake/metadata").rglob("*"):
        kept = json.loads(record.read_text()) if record.is_file() else {"input_checksums": {}}
        if kept["input_checksums"].pop(f"{RESULTS}/{name}", None):
            record.write_text(json.dumps(kept))
    os.utime(weights)
    assert planned(folder, CONFIG) == []
    weights.write_bytes(content("other weights.safetensors"))
    assert sha256_of(weights) != said["files"][name]["sha256"]
    jobs = planned(folder, CONFIG)
    assert {job.reason.updated for job in jobs if job.rule == "count_activations_en"} == {
        (f"{RESULTS}/{name}",)
    }
    assert counts(jobs)["decode"] == 16


def test_the_manifest_attaches_no_new_settings_to_what_old_ones_made(here: Path) -> None:
    """Made with beam 5; with beam 4 nothing but the tables is made again, by name."""
    config = merged(CONFIG, BEAM_4)
    snakemake(here, config, "--rerun-triggers", "mtime")  # nothing is to be done
    assert manifest(here)["config"]["decode"]["beam"] == 4
    assert beam(here) == "5"
    assert counts(planned(here, config)) == DECODE


def test_of_an_earlier_version_s_manifest_nothing_is_made_up(here: Path) -> None:
    older = manifest(here)
    del older["settings"]
    for entry in older["files"].values():
        for key in ("settings", "inputs", "content", "sources"):
            entry.pop(key, None)
    (here / RESULTS / "manifest.json").write_text(json.dumps(older), encoding="utf-8")
    snakemake(here, merged(CONFIG, BEAM_4))  # nothing is to be done, and the manifest is written anew
    assert beam(here) is None
    assert [name for name, entry in manifest(here)["files"].items() if "settings" in entry] == []


def test_results_of_an_earlier_version_get_their_settings_from_records(
    finished_experiment: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished_experiment, tmp_path / "here")
    (folder / RESULTS / "manifest.json").unlink()
    snakemake(folder, CONFIG)
    before, now = manifest(finished_experiment), manifest(folder)
    assert (now["settings"], now["files"]) == (before["settings"], before["files"])


def test_records_of_another_run_than_made_the_files(finished_experiment: Path, tmp_path: Path) -> None:
    """Two working folders have one results folder; each has records of what it made itself."""
    one = shutil.copytree(finished_experiment, tmp_path / "one")
    two = tmp_path / "two"
    shutil.copytree(one / "text", two / "text")
    (two / "results").symlink_to(one / "results")
    # Another beam, in the other folder: as though its jobs had run.
    config = merged(CONFIG, BEAM_4)
    for path in (one / RESULTS / "translations").rglob("*.txt"):
        path.unlink()
    finish(two, config)
    assert beam(one) == "4"
    assert planned(one, config) == []
    assert counts(planned(one, CONFIG)) == DECODE


def test_text_replaced_by_older_text(finished_experiment: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finished_experiment, tmp_path / "here")
    (folder / "text/train.de").write_text("another text\n", encoding="utf-8")
    os.utime(folder / "text/train.de", (1, 1))
    jobs = planned(folder, CONFIG)
    assert [job.reason.updated for job in jobs if job.rule == "prepare_text"] == [("text/train.de",)]
    assert counts(jobs) == without(prepare_text=1)


def test_a_large_text_is_compared_by_content_too(finished_experiment: Path, tmp_path: Path) -> None:
    """Snakemake keeps no checksum of what is larger than 1 MB."""
    folder = shutil.copytree(finished_experiment, tmp_path / "here")
    text = folder / "text/train.de"
    text.write_bytes(b"ein langer Text\n" * 70_000)
    assert text.stat().st_size > 1_000_000
    again = ("--touch", "--until", "prepare_text", "--forcerun", "prepare_text", "--quiet", "all")
    snakemake(folder, CONFIG, *again)
    of_pair = folder / RESULTS / "data/text/train/de-en.json"
    record = folder / ".snakemake/metadata" / place_of(f"{RESULTS}/data/text/train/de-en.json", folder)
    checksum = json.loads(record.read_text())["input_checksums"]["text/train.de"]
    assert checksum.startswith("sha256:")
    os.utime(text)
    assert text.stat().st_mtime > of_pair.stat().st_mtime

    def prepared() -> list[str]:
        jobs = [
            job for job in planned(folder, CONFIG, "--until", "prepare_text") if job.rule == "prepare_text"
        ]
        return [job.wildcards["one"] + "-" + job.wildcards["two"] for job in jobs]

    assert prepared() == []
    # As long as before and older, as rsync --times would leave it.
    text.write_bytes(b"ein anderer Satz\n"[:16] * 70_000)
    os.utime(text, (1, 1))
    assert prepared() == ["de-en"]
    # What an earlier version made of large text: no checksum, so that time decides, as it did.
    for name in ("de-en.json", "de-en.de.txt", "de-en.en.txt"):
        path = folder / ".snakemake/metadata" / place_of(f"{RESULTS}/data/text/train/{name}", folder)
        kept = json.loads(path.read_text())
        del kept["input_checksums"]["text/train.de"]
        path.write_text(json.dumps(kept))
    (folder / RESULTS / "manifest.json").unlink()
    assert prepared() == []
    os.utime(text)
    assert prepared() == ["de-en"]


def test_every_file_that_config_names_is_compared(finished_experiment: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finished_experiment, tmp_path / "here")
    config = merged(merged(CONFIG, CONTRASTIVE), PUBLISHED)
    finish(folder, config)
    sets, numbers = folder / "gender.tsv", folder / "published.csv"
    os.utime(sets)
    os.utime(numbers)
    assert planned(folder, config) == []
    numbers.write_text(numbers.read_text().replace("30.0", "30.5"))
    os.utime(numbers, (1, 1))
    assert counts(planned(folder, config)) == TABLES
    sets.write_text(sets.read_text().replace("a house", "the house"))
    os.utime(sets, (1, 1))
    assert counts(planned(folder, config)) == {"score_contrastive": 4, **TABLES}


def test_all_is_made_where_nothing_is_there_but_a_manifest(here: Path) -> None:
    kept = (here / RESULTS / "manifest.json").read_bytes()
    shutil.rmtree(here / "results")
    (here / RESULTS).mkdir(parents=True)
    (here / RESULTS / "manifest.json").write_bytes(kept)
    assert counts(planned(here, CONFIG)) == ALL
