"""A baseline of plain fairseq: what is taken in place of which jobs, and what must be there before any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workflow.expected.job import braces
from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_job_counts import EXPECTED, TINY, jobs, lay_down_text, snakemake
from tests.workflow.test_planned_jobs import compared
from workflow_scripts.workflow.settings import HASHES

SUBWORDS = ("data/subwords/spm.model", "data/subwords/dict.txt")
ATTACH = {"checkpoint": "their/c.pt", "dictionary": "their/dict.txt", "subwords": "their/spm.model"}
PARTS = "{system.json,model.safetensors,spm.model,dict.txt}"
ATTACHED: dict[str, Any] = {
    **TINY,
    "attach": {**ATTACH, "data_bin": "bin/0:bin/1", "systems": {"ns-k95": "their/ns.pt"}},
    "data": {"source": {"type": "files", "tests": {"news": "text/news.{lang}"}}, "shards": 2},
    "model": {"ffn_dim": 2048, "preset": "small"},
    "evaluation": {"off_target": False},
    "text": {"moses": True},
}


def lay_down(folder: Path) -> None:
    """Write tests, what plain fairseq made, and its binarised text of two shards, by other names of pairs."""
    lay_down_text(folder, ("news",))
    (folder / "their").mkdir()
    for name in ("c.pt", "ns.pt", "spm.model"):
        (folder / "their" / name).touch()
    (folder / "their/dict.txt").write_text("a 1\n")
    for subset in ("0/train", "0/valid", "1/train"):
        for side in ("en-de.en", "en-de.de", "fr-en.fr", "fr-en.en"):
            file = folder / "bin" / f"{subset}.{side}.bin"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            file.with_suffix(".idx").touch()


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("attached")
    lay_down(folder)
    return plan(folder, ATTACHED)


def below(names: list[str]) -> set[str]:
    return {name.removeprefix("results/tiny/") for name in names}


def test_checkpoints_become_systems(planned: Plan) -> None:
    job = planned.job("import_checkpoint_baseline", seed="1")
    assert below(job.inputs) == {*ATTACH.values()}
    assert below(job.outputs) == {*braces(f"systems/baseline/s1/{PARTS}")}
    sizes = '"decoder_layers": 3, "encoder_layers": 3, "ffn_dim": 2048, "heads": 4, "model_dim": 256'
    assert job.options == {
        "--checkpoint": "their/c.pt", "--dictionary": "their/dict.txt", "--subwords": "their/spm.model",
        "--system": "baseline", "--seed": "1", "--languages": "en de fr",
        "--directions": "en-de en-fr de-en fr-en", "--architecture": f'{{{sizes}, "pre_norm": true}}',
        "--text": '{"moses": true, "normalize_punctuation": false}',
        "--out": "results/tiny/systems/baseline/s1",
    }  # fmt: skip
    said = {"system", "languages", "directions", "architecture", "text", *HASHES}
    assert compared(job).keys() == said
    masked = planned.job("import_checkpoint_ns_k95", seed="1")
    parent = braces(f"systems/baseline/s1/{PARTS}")
    assert below(masked.inputs) == {
        "their/ns.pt", "their/dict.txt", "their/spm.model", *parent, "masks/baseline/s1/k95.npz",
    }  # fmt: skip
    assert "systems/ns-k95/s1/masks.npz" in below(masked.outputs)
    own = {
        "--checkpoint": "their/ns.pt", "--system": "ns-k95", "--parent": "results/tiny/systems/baseline/s1",
        "--masks": "results/tiny/masks/baseline/s1/k95.npz", "--out": "results/tiny/systems/ns-k95/s1",
    }  # fmt: skip
    assert masked.options == {**job.options, **own}


def test_binarised_text_is_linked_and_the_vocabulary_is_the_baseline_s(planned: Plan) -> None:
    job = planned.job("use_data_bin")
    assert below(job.inputs) == {"data/subwords/dict.txt"}
    subsets = "{shard0/train,shard0/valid,shard1/train}"
    pairs = ("de-en.{de,en}", "en-fr.{en,fr}")
    assert below(job.outputs) == {*braces(*(f"data/bin/{subsets}.{pair}.{{bin,idx}}" for pair in pairs))}
    assert job.options == {
        "--data-bin": "bin/0:bin/1", "--directions": "en-de en-fr de-en fr-en",
        "--dictionary": "results/tiny/data/subwords/dict.txt", "--out": "results/tiny/data/bin",
    }  # fmt: skip
    assert compared(job).keys() == {"data_bin", "directions", *HASHES}
    [vocabulary] = planned.of("use_vocabulary")
    assert below(vocabulary.inputs) == {*braces(f"systems/baseline/s1/{PARTS}")}
    [text] = [one for one in planned.of("binarise") if one.wildcards["lang"] == "de"]
    assert below(text.inputs) == {*SUBWORDS, "data/text/news/de-en.de.txt"}
    trained = planned.job("finetune", finetuned="continued")
    assert trained.options["--data-bin"] == "results/tiny/data/bin/shard0:results/tiny/data/bin/shard1"


def test_files_of_units_become_masks(tmp_path: Path) -> None:
    """Nothing is counted for them; a set that is made of one is selected."""
    lay_down(tmp_path)
    sets = {
        "theirs": {"file": "m/{direction}.pt", "gate": {"ffn": "zero"}},
        "chance": {"like": "theirs", "rows": "random", "draws": 1},
    }
    config = {**ATTACHED, "attach": ATTACHED["attach"] | {"systems": {}}, "masks": {"k": [95], "sets": sets}}
    config["systems"] = {"pruned": {"masks": "theirs", "train": "none"}}
    done = snakemake(tmp_path, config, "-n")
    gone = "m/en-de.pt, m/en-fr.pt, m/de-en.pt and 1 more"
    said = f"masks.sets.theirs.file: there is no file {gone} in {tmp_path}\n"
    assert done.returncode != 0 and said in done.stdout + done.stderr
    (tmp_path / "m").mkdir()
    files = [f"m/{direction}.pt" for direction in ("en-de", "en-fr", "de-en", "fr-en")]
    for file in files:
        (tmp_path / file).touch()
    planned = plan(tmp_path, config)
    job = planned.job("import_units", foreign="theirs")
    assert below(job.inputs) == {"systems/baseline/s1/system.json", *files}
    assert job.options == {
        "--system": "results/tiny/systems/baseline/s1", "--files": "m/{direction}.pt",
        "--directions": "en-de en-fr de-en fr-en", "--gate": '{"ffn": "zero"}',
        "--out": "results/tiny/masks/baseline/s1/theirs.npz",
    }  # fmt: skip
    assert compared(job).keys() == {"files", "directions", "gate", *HASHES}
    [selected] = planned.of("select_masks")
    assert below(selected.inputs) == {"masks/baseline/s1/theirs.npz"}
    assert not planned.of("count_activations_en") and not planned.of("count_activations_into_en")


def test_systems_are_exported_with_their_scores(tmp_path: Path) -> None:
    lay_down(tmp_path)
    export = {"systems": ["ns-k95"], "formats": ["ctranslate2"], "licence": "MIT"}
    found = plan(tmp_path, {**ATTACHED, "export": export})
    job = found.job("export_system_ctranslate2_ns_k95", seed="1")
    assert below(job.inputs) == {
        *braces(f"systems/ns-k95/s1/{PARTS}"), "systems/ns-k95/s1/masks.npz",
        "scores/ns-k95/s1/news.raw.json", "data/card.json", "tables/controls.csv",
    }  # fmt: skip
    assert job.options == {
        "--system": "results/tiny/systems/ns-k95/s1", "--form": "ctranslate2", "--licence": "MIT",
        "--directions": "en-de en-fr de-en fr-en", "--scores": "results/tiny/scores/ns-k95/s1/news.raw.json",
        "--data-card": "results/tiny/data/card.json", "--out": "results/tiny/export/ns-k95/s1/ctranslate2",
        "--controls": "results/tiny/tables/controls.csv",
    }  # fmt: skip
    assert compared(job).keys() == {"form", "directions", "licence", "controls", *HASHES}
    [everything] = found.of("all")
    assert "export/ns-k95/s1/ctranslate2/de-en/model.bin" in below(everything.inputs)


def test_cards_have_the_scores_that_there_are(tmp_path: Path) -> None:
    """Of tests without a direction of the system there are none, and of raw references only where asked."""
    lay_down_text(tmp_path, ("train", "valid", "news", "talks"))
    talks = {"path": "text/talks.{lang}", "directions": ["en-de"]}
    config = {
        **TINY,
        "data": {"source": {**TINY["data"]["source"], "tests": {"news": "text/news.{lang}", "talks": talks}}},
        "systems": {"two": {"masks": "all", "directions": ["fr-en"]}},
        "evaluation": {"references": ["paper"]},
        "export": {"systems": ["two"], "formats": ["safetensors"]},
    }
    job = plan(tmp_path, config).job("export_system_safetensors_two", seed="1")
    assert job.options["--scores"] == "results/tiny/scores/two/s1/news.paper.json"


def test_the_jobs(tmp_path: Path) -> None:
    """Text is that of tests alone; a baseline and a system are imported, and the other two are trained."""
    lay_down(tmp_path)
    expected = {**EXPECTED, "prepare_text": 2, "binarise": 4, "finetune": 2, "use_data_bin": 1}
    expected |= {"use_vocabulary": 1, "import_checkpoint_baseline": 1, "import_checkpoint_ns_k95": 1}
    none = ("train_subwords", "train_baseline", "train_identifier", "identify", "plot_off_target")
    counts = {rule: count for rule, count in expected.items() if rule not in none}
    assert jobs(snakemake(tmp_path, ATTACHED, "-n")) == counts


def test_a_folder_is_no_file_and_a_whole_path_has_no_folder_before_it(tmp_path: Path) -> None:
    lay_down(tmp_path)
    (tmp_path / "file").touch()
    gone = tmp_path / "gone.txt"
    attach = {**ATTACHED["attach"], "checkpoint": "their", "dictionary": str(gone), "data_bin": "bin/0:file"}
    done = snakemake(tmp_path, {**ATTACHED, "attach": attach}, "-n")
    said = [line for line in (done.stdout + done.stderr).splitlines() if "attach." in line]
    assert [line.removeprefix("error: ") for line in said] == [
        "attach.checkpoint: their is a folder, and a file is needed",
        f"attach.dictionary: there is no file {gone}",
        "attach.data_bin: file is a file, and a folder is needed",
    ]


def test_what_is_missing_is_said_before_any_job(tmp_path: Path) -> None:
    lay_down(tmp_path)
    (tmp_path / "their/ns.pt").unlink()
    (tmp_path / "their/dict.txt").write_text("a\n")
    (tmp_path / "bin/1/train.fr-en.en.idx").unlink()
    (tmp_path / "bin/0/valid.en-de.de.bin").unlink()
    done = snakemake(tmp_path, ATTACHED, "-n")
    said = [line for line in (done.stdout + done.stderr).splitlines() if "attach." in line]
    assert done.returncode != 0
    assert [line.removeprefix("error: ") for line in said] == [
        f"attach.systems.ns-k95: there is no file their/ns.pt in {tmp_path}",
        "attach.dictionary: their/dict.txt, line 1: expected 'symbol count', found 'a'",
        "attach.data_bin: bin/0 has no binarised valid data of en-de, de-en",
        "attach.data_bin: bin/1 has no binarised train data of en-fr, fr-en",
    ]
    for folder in ("0", "1"):
        (tmp_path / "bin" / folder).rename(tmp_path / folder)
    done = snakemake(tmp_path, ATTACHED, "-n")
    assert f"attach.data_bin: there is no folder bin/1 in {tmp_path}\n" in done.stdout + done.stderr
