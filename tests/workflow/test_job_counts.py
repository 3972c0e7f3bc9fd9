"""The graph: exactly the jobs that a config asks for, counted rule by rule in a dry run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.small_config import BASE

ROOT = Path(__file__).resolve().parents[2]

TINY: dict[str, Any] = {**BASE, "masks": {"k": [70, 95]}}
SOURCE = BASE["data"]["source"]
TALKS = {**SOURCE, "tests": {"news": "text/news.{lang}", "talks": "text/talks.{lang}"}}


def snakemake(folder: Path, config: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    command += ["--directory", str(folder), "--configfile", str(folder / "config.yaml"), *arguments]
    return forked.run(folder, *command)


def lay_down_text(
    folder: Path,
    subsets: tuple[str, ...] = ("train", "valid", "news"),
    languages: tuple[str, ...] = ("en", "de", "fr"),
) -> None:
    (folder / "text").mkdir(exist_ok=True)
    for subset in subsets:
        for lang in languages:
            (folder / "text" / f"{subset}.{lang}").write_text("a b c\n")


def jobs(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    assert result.returncode == 0, result.stdout + result.stderr
    text = result.stdout + result.stderr
    stats = text.split("Job stats:")[1].split("\n\n")[0] if "Job stats:" in text else ""
    found = re.findall(r"^(\w+)\s+(\d+)$", stats, re.MULTILINE)
    return {rule: int(count) for rule, count in found if rule not in ("total", "all", "fetch")}


def numbers(text: str) -> dict[str, int]:
    return {rule: int(count) for rule, count in (word.split("=") for word in text.split())}


# 3 subsets × 2 pairs, with two sides each; counts from en, and those into it; masks k70,
# k95, all; systems ns-k70, ns-k95, continued and the baseline in 4 directions; tests of all but the baseline.
EXPECTED = numbers(
    "prepare_text=6 train_subwords=1 binarise=12 round_trip=1 score_ceiling=1 write_card=1 train_baseline=1"
    " count_activations_en=1 count_activations_into_en=1 select_masks=3 finetune=3 decode=16 score=4"
    " compare=3 train_identifier=1 identify=4 strongest_units=1 tabulate=1 tabulate_units=1 plot_training=1"
    " plot_tables=1 plot_masks=1 plot_off_target=1 write_answer=1"
)
#: A change of the config, and what of EXPECTED changes with it; 0: there is no such job.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "nothing": ({}, {}),
    # 3 seeds × 4 systems × 2 test sets × 4 directions are decoded.
    "three seeds, two test sets": (
        {"train": {"seeds": [1, 2, 3]}, "data": {"source": TALKS}},
        numbers(
            "prepare_text=8 binarise=16 round_trip=2 score_ceiling=2 train_baseline=3 count_activations_en=3"
            " count_activations_into_en=3 select_masks=9 finetune=9 decode=96 score=24 compare=18 identify=24"
            " plot_off_target=2"
        ),
    ),
    # de-fr is in news alone; it is not counted, and has its own row of each mask.
    "a direction that is only evaluated": (
        {"directions": {"evaluate_only": ["de-fr"]}},
        {"prepare_text": 7, "binarise": 14, "select_masks": 6, "decode": 20},
    ),
    "counts with pads share nothing": (
        {"activations": {"count_pads": True}},
        {"count_activations": 4, "count_activations_en": 0, "count_activations_into_en": 0},
    ),
    "shards": ({"data": {"source": SOURCE, "shards": 2}}, {}),
    # 1 test set × 2 pairs × 2 sides, whichever system is scored.
    "rebuilt references too": (
        {"evaluation": {"references": ["raw", "paper"]}},
        {"rebuild_references": 4, "score": 8, "compare": 6},
    ),
    "rebuilt references too, of shards": (
        {"evaluation": {"references": ["raw", "paper"]}, "data": {"source": SOURCE, "shards": 2}},
        {"rebuild_references": 4, "score": 8, "compare": 6},
    ),
    "rebuilt references alone": ({"evaluation": {"references": ["paper"]}}, {"rebuild_references": 4}),
    "no sweep": (
        {"systems": {"continued": {"masks": "all"}}},
        numbers(
            "select_masks=1 finetune=1 decode=8 score=2 compare=1 identify=2 tabulate_units=0 plot_masks=0"
        ),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_there_is_one_job_for_each_thing_that_a_config_asks_for(name: str, tmp_path: Path) -> None:
    lay_down_text(tmp_path, ("train", "valid", "news", "talks"))
    change, other = CHANGES[name]
    expected = {rule: count for rule, count in {**EXPECTED, **other}.items() if count}
    assert jobs(snakemake(tmp_path, {**TINY, **change}, "-n")) == expected


def test_pads_are_in_the_commands_that_count(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    result = snakemake(tmp_path, {**TINY, "activations": {"count_pads": True}}, "-n", "-p")
    assert result.stdout.count(" --count-pads ") == 4


def test_targets_by_path_and_until(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    only = jobs(snakemake(tmp_path, TINY, "-n", "results/tiny/data/text/news/de-en.de.txt"))
    assert only == {"prepare_text": 1}
    until = jobs(snakemake(tmp_path, TINY, "-n", "--until", "train_subwords"))
    assert until == {"prepare_text": 2, "train_subwords": 1}


def test_counts_and_masks_of_any_system_have_the_same_rules(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    wanted = "results/tiny/masks/ns-k70/s1/k95.npz"
    result = snakemake(tmp_path, TINY, "-n", "-p", wanted)
    # The baseline's too: it chose the units with which ns-k70 was trained.
    assert (jobs(result)["count_activations_en"], jobs(result)["select_masks"]) == (2, 2)
    assert re.search(r"count_activations --.* --system results/tiny/systems/ns-k70/s1 ", result.stdout)
    assert " --activations-root results/tiny/activations/ns-k70/s1/valid " in result.stdout


def test_only_training_text_is_cleaned(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    clean = {"dedup": True, "max_words": 250, "max_ratio": 3}
    config = {**TINY, "data": {**TINY["data"], "clean": clean}}
    texts = [f"results/tiny/data/text/{subset}/de-en.de.txt" for subset in ("train", "valid", "news")]
    result = snakemake(tmp_path, config, "-n", "-p", *texts)
    assert jobs(result) == {"prepare_text": 3}
    commands = [line for line in result.stdout.splitlines() if "workflow_scripts.data.prepare_text" in line]
    cleaned = [line for line in commands if " --dedup --max-words 250 --max-ratio 3.0 --pair " in line]
    assert len(commands) == 3
    assert [" --stats results/tiny/data/text/train/" in line for line in cleaned] == [True]
    assert all("--dedup" not in line for line in commands if line not in cleaned)


def test_normalisation_and_entities_are_in_a_command_where_they_are_asked_for(tmp_path: Path) -> None:
    """Named where they are as they always were, they would rerun everything for nothing."""
    lay_down_text(tmp_path)
    model = "results/tiny/data/subwords/spm.model"
    default = snakemake(tmp_path, TINY, "-n", "-p", model).stdout
    assert " --model-type bpe --character-coverage " in default
    assert "--normalization" not in default and "--unescape" not in default
    data = {**TINY["data"], "clean": {"unescape": True}}
    config = {**TINY, "data": data, "subwords": {"normalization": "identity"}}
    news = "results/tiny/data/text/news/de-en.json"
    asked = snakemake(tmp_path, config, "-n", "-p", model, news).stdout
    assert " --model-type bpe --normalization identity --character-coverage " in asked
    commands = [line for line in asked.splitlines() if "workflow_scripts.data.prepare_text" in line]
    assert {"/text/train/" in line for line in commands if " --unescape " in line} == {True}
    assert len(commands) == 3 and asked.count(" --unescape ") == 2


def test_shards_are_in_the_commands(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    config = {**TINY, "data": {**TINY["data"], "shards": 2}}
    result = snakemake(tmp_path, config, "-n", "-p")
    root = "results/tiny/data/bin"
    assert result.stdout.count(f" --data-bin {root}/shard0:{root}/shard1 ") == 4  # baseline, three fine-tunes
    assert result.stdout.count(f" --data-bin {root}/shard0 ") == 3  # counting, and the strongest units
    assert result.stdout.count(f" --out-prefix {root}/train.de-en.de ") == 1
    assert result.stdout.count(" --shards 2 --lang ") == 4
    assert result.stdout.count(" --shards 2 --whole --lang ") == 8


PUBLISHED = {"file": "gone.csv", "systems": {"baseline": "theirs"}, "references": "raw"}
#: What is wrong: texts that are there, a change of the config, lines that are said of it.
MISTAKES: dict[str, tuple[tuple[str, ...], dict[str, Any], list[str]]] = {
    "a direction without data": (
        ("train", "valid"),
        {},
        [
            f"data.source: no news text for {pairs}: there is no file text/news.{lang} in {{here}}\n"
            for pairs, lang in (("de-en, en-fr", "en"), ("de-en", "de"), ("en-fr", "fr"))
        ],
    ),
    "published numbers that are not there": (
        ("train", "valid", "news"),
        {"report": {"published": PUBLISHED}},
        ["error: report.published.file: there is no file gone.csv in {here}\n"],
    ),
    "keys of the config": (
        (),
        {"masks": {"k": [0]}, "pivvot": "en"},
        [
            "pivvot: unknown key 'pivvot' (did you mean 'pivot'?)",
            "masks.k.0: a percentage must be in (0, 100], not 0",
        ],
    ),
}


def refused(folder: Path, config: dict[str, Any], *options: str) -> str:
    """What is said of a workflow that does not begin."""
    result = snakemake(folder, config, *options)
    said = result.stdout + result.stderr
    assert result.returncode != 0
    assert "Traceback" not in said and "MissingInputException" not in said
    return said


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_line_before_anything_is_made(name: str, tmp_path: Path) -> None:
    subsets, change, lines = MISTAKES[name]
    lay_down_text(tmp_path, subsets)
    said = refused(tmp_path, {**TINY, **change}, "-n")
    assert [line for line in lines if line.format(here=tmp_path) not in said] == []
    assert not (tmp_path / "results").exists()


def test_a_folder_in_the_place_of_a_text_is_one_line(tmp_path: Path) -> None:
    """Before any training: jobs that do not need the text would go on for hours."""
    lay_down_text(tmp_path)
    (tmp_path / "text/news.fr").unlink()
    (tmp_path / "text/news.fr").mkdir()
    said = refused(tmp_path, TINY, "-n")
    assert f"data.source: no news text for en-fr: text/news.fr in {tmp_path} is a folder\n" in said


def test_codes_with_hyphens_are_ids_with_underscores(tmp_path: Path) -> None:
    lay_down_text(tmp_path, languages=("en", "de", "pt-BR"))
    config = {**TINY, "languages": ["en", "de", "pt-BR"]}
    result = snakemake(tmp_path, config, "-n", "-p")
    assert jobs(result) == EXPECTED
    assert result.stderr.count("note: in ids and names of files the config's pt-BR is pt_BR\n") == 1
    assert "--pair en-pt_BR --files text/train.en text/train.pt-BR " in result.stdout
    news = "results/tiny/data/text/news/en-pt_BR"
    assert f"--out {news}.en.txt {news}.pt_BR.txt" in result.stdout
    assert "--directions en-de en-pt_BR de-en pt_BR-en " in result.stdout
    (tmp_path / "text/train.pt_BR").write_text("a b c\n")
    assert (
        "data.source: train text for en-pt_BR is there twice, text/train.en and text/train.pt_BR, and"
        " text/train.en and text/train.pt-BR: keep one spelling\n"
    ) in refused(tmp_path, config, "-n")


def test_the_demo_counts(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    # 3 subsets × 4 pairs of text and twice as many binary files; all else is as many as in EXPECTED.
    others = {"generate_toy": 1, "prepare_text": 12, "binarise": 24, "decode": 32}
    assert jobs(snakemake(tmp_path, config, "-n")) == {**EXPECTED, **others, "mask_control": 1, "overlap": 1}


def test_public_corpora_are_downloaded_once_or_read_from_a_folder(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "config" / "experiments" / "multi30k.yaml").read_text())
    there = jobs(snakemake(tmp_path, config, "-n"))
    assert there["download_corpus"] == 1
    for name in ("train", "val", "test_2016_flickr"):
        for lang in config["languages"]:
            (tmp_path / f"{name}.{lang}.gz").touch()
    config["data"]["source"]["folder"] = str(tmp_path)
    assert jobs(snakemake(tmp_path, config, "-n")) == {
        rule: count for rule, count in there.items() if rule != "download_corpus"
    }


def test_the_dag_itself_is_all_that_goes_to_stdout(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    assert snakemake(tmp_path, TINY, "--dag").stdout.startswith("digraph")


def test_a_plan_that_no_disk_holds_stops_before_anything(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    config = {**TINY, "model": {"preset": "big"}, "train": {"keep_checkpoints": 100_000}}
    assert "disk too small" not in snakemake(tmp_path, config, "-n").stderr
    said = refused(tmp_path, config)
    # Big of 8,004 symbols: 192,753,664 parameters, 12 bytes each in 100,002 checkpoints; three fine-tunings.
    assert "disk too small for the plan: results/tiny will need about 231 TB more (trainings 231 TB, " in said
    assert not (tmp_path / "results/tiny/data").exists()


def test_a_workflow_that_starts_on_the_disk_there_is_asks_for_the_planned_jobs_only(tmp_path: Path) -> None:
    """The check counts jobs: without a training among them, the largest model needs nothing."""
    lay_down_text(tmp_path)
    config = {**TINY, "model": {"preset": "big"}, "train": {"keep_checkpoints": 100_000}}
    result = snakemake(tmp_path, config, "--keep-going", "results/tiny/data/text/news/de-en.de.txt")
    said = result.stdout + result.stderr
    assert "rule prepare_text:" in said
    assert "disk too small" not in said


def test_an_experiment_that_uses_another_trains_nothing_of_it(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    uses = {"experiment": "first", "systems": ["baseline", "ns-k95"]}
    config = {**TINY, "experiment": "second", "uses": uses}
    said = refused(tmp_path, config, "-n")
    # A line for a system, not for each of its files.
    assert [line for line in said.splitlines() if "uses.experiment" in line] == [
        f"error: uses.experiment: results/first/systems/{system}/s1 is missing; run first first"
        for system in ("baseline", "ns-k95")
    ]
    names = ["systems/ns-k95/s1/masks.npz"]
    parts = ("system.json", "model.safetensors", "spm.model", "dict.txt")
    names += [f"systems/{system}/s1/{part}" for system in ("baseline", "ns-k95") for part in parts]
    for name in names:
        (tmp_path / "results/first" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results/first" / name).touch()
    masks = tmp_path / "results/first/systems/ns-k95/s1/masks.npz"
    masks.unlink()
    said = refused(tmp_path, config, "-n")
    assert "uses.experiment: results/first/systems/ns-k95/s1/masks.npz is missing; run first first\n" in said
    masks.touch()
    expected = {**EXPECTED, "use_system_baseline": 1, "use_system_ns_k95": 1, "finetune": 2}
    expected |= {"select_masks": 2, "use_vocabulary": 1}  # nobody asks for the masks of k95
    del expected["train_subwords"], expected["train_baseline"], expected["strongest_units"]
    assert jobs(snakemake(tmp_path, config, "-n")) == expected
    # A direction that is only evaluated gets its row from the masks that the system has.
    zero_shot = {**config, "directions": {"evaluate_only": ["de-fr"]}}
    row = "results/second/masks/baseline/s1/k95/de-fr.npz"
    told = snakemake(tmp_path, zero_shot, "-n", "-p", row).stdout
    assert "--like results/second/systems/ns-k95/s1/masks.npz --out" in told


def test_given_resamples_do_not_depend_on_the_level(tmp_path: Path) -> None:
    """Else another level would repeat every test for the same numbers."""
    lay_down_text(tmp_path)
    for tests, said in (
        ({"level": 0.01}, " --level 0.01 --random-seed 12345 "),
        ({"level": 0.01, "resamples": 500}, " --resamples 500 --random-seed 12345 "),
    ):
        config = {**TINY, "evaluation": {"significance": tests}}
        told = snakemake(tmp_path, config, "-n", "-p", "--until", "compare").stdout
        commands = [line for line in told.splitlines() if ".significance.compare --" in line]
        assert len(commands) == 3
        assert all(f"{said}--directions" in line for line in commands), commands[0]


def test_a_comet_model_of_a_folder_is_its_tokenizer_too(tmp_path: Path) -> None:
    """Another one makes other scores; the weights that the encoder began with make none."""
    lay_down_text(tmp_path)
    model = tmp_path / "models/own"
    files = [
        "hparams.yaml",
        "checkpoints/model.ckpt",
        "encoder/config.json",
        "encoder/sentencepiece.bpe.model",
    ]
    for file in [*files, "encoder/pytorch_model.bin"]:
        (model / file).parent.mkdir(parents=True, exist_ok=True)
        (model / file).touch()
    config = {**TINY, "evaluation": {"comet": [{"name": "own", "folder": "models/own"}]}}
    told = snakemake(tmp_path, config, "-n", "results/tiny/comet/baseline/s1/news.raw.own.json").stdout
    (inputs,) = re.findall(r"^rule score_comet:\n    input: (.*)$", told, re.M)
    named = {file for file in inputs.split(", ") if file.startswith("models/")}
    assert named == {f"models/own/{file}" for file in files}
