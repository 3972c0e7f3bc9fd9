"""Systems of every kind: what the jobs of one plan read and are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.workflow.planned_jobs import Job, Plan, plan
from tests.workflow.test_job_counts import TINY, lay_down_text, snakemake
from workflow_scripts.workflow.software.closure import closure_hash
from workflow_scripts.workflow.software.environments import environment_identity

LASS = {"of": "weights", "system": "full", "units": ["weight"], "select": "top:70%"}
SETS = {
    "chance": {"like": "k95", "rows": "random", "draws": 2},
    "lass70": LASS,
    "heads": {"of": "importance", "units": ["head"], "select": "top:50%"},
    "others": {"like": "heads", "rows": "majority", "rows_of": ["en-de", "de-en", "en-fr"]},
}
CONFIG = {
    **TINY,
    "masks": {"k": [95], "sets": SETS},
    "groups": {"family": {"west": ["de"], "south": ["fr"]}},
    "finetune": {"max_updates": 1000, "max_tokens": 600},
    "systems": {
        "continued": {"masks": "all"},
        "random": {"masks": "chance"},
        "gradients": {"masks": "k95", "train": "gradients"},
        "iat": {"masks": "heads", "train": "gradients", "settings": {"sampling": "annealed:3"}},
        "transfer": {
            "masks": "others", "train": "gradients", "parameters": "heads", "head_weights": "qkvo",
            "directions": ["fr-en"],
        },
        "small": {"adapters": {"kind": "bottleneck", "by": "family", "size": 8}},
        "lora": {"adapters": {"kind": "lora"}, "directions": ["en-fr", "fr-en"]},
        "full": {"each": "direction"},
        "lass": {"masks": "lass70"},
        "two": {
            "each": "direction", "start": "random", "directions": ["de-en", "en-fr"],
            "settings": {"lr": 0.01, "threads": 1},
        },
    },
    "directions": {"evaluate_only": ["de-fr"]},
    "evaluation": {"likelihood": True, "contrastive": {"gender": "gender.tsv"}},
}  # fmt: skip
R = "results/tiny"
#: Options of every system that is taken.
COMMON = ["--system", "--languages", "--text", "--architecture", "--seed", "--from", "--vocabulary", "--out"]
PARTS = [
    "full.en-de", "full.en-fr", "full.de-en", "full.fr-en", "two.en-fr", "two.de-en",
]  # fmt: skip


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("systems")
    lay_down_text(folder)
    header = "\t".join(("direction", "id", "source", "correct", "wrong", "phenomenon"))
    (folder / "gender.tsv").write_text(f"{header}\nen-fr\t1\ta\tb\tc\tg\n")
    return plan(folder, CONFIG)


def trained(planned: Plan) -> list[Job]:
    return [*planned.of("finetune"), *planned.of("finetune_adapters")]


def tuned(planned: Plan, name: str) -> Job:
    [job] = [job for job in trained(planned) if job.wildcards["finetuned"] == name]
    return job


def test_each_part_is_a_training_of_its_own(planned: Plan) -> None:
    names = {job.wildcards["finetuned"] for job in trained(planned)}
    assert names == {
        "continued", "random-1", "random-2", "gradients", "iat", "transfer", "small", "lora", "lass", *PARTS,
    }  # fmt: skip
    job = tuned(planned, "two.de-en")
    settings, execution = (json.loads(job.options[name]) for name in ("--settings", "--execution"))
    # A fourth of the 6000 updates of `train`: there are four directions.
    assert (settings["max_updates"], settings["lr"], settings["sampler"]) == (1500, 0.01, "by_direction")
    assert (execution["max_tokens"], execution["threads"]) == (2400, 1)
    assert (job.options["--directions"], job.options["--start"]) == ("de-en", "random")
    text = {file for file in job.inputs if "/data/bin/" in file}
    assert text == {
        f"{R}/data/bin/{subset}.de-en.{language}.{extension}"
        for subset in ("train", "valid") for language in ("de", "en") for extension in ("bin", "idx")
    }  # fmt: skip
    assert job.options["--out"] == f"{R}/systems/two.de-en/s1"
    part = tuned(planned, "full.de-en").options
    assert json.loads(part["--settings"])["max_updates"] == 250
    assert "--start" not in part and "--method" not in part


def test_parts_are_joined_into_a_system(planned: Plan) -> None:
    [job] = planned.of("join_systems_two")
    folders = [f"{R}/systems/two.{direction}/s1" for direction in ("en-fr", "de-en")]
    assert job.options == {
        "--system": "two",
        "--parent": f"{R}/systems/baseline/s1",
        "--parts": " ".join(folders),
        "--out": f"{R}/systems/two/s1",
    }
    assert {f"{folder}/model.safetensors" for folder in folders} <= set(job.inputs)
    assert {f"{R}/systems/two/s1/{one}.safetensors" for one in ("en-fr", "de-en", "model")} <= set(
        job.outputs
    )


def test_masks_of_weights_are_selected_from_their_system(planned: Plan) -> None:
    job = planned.job("select_masks", maskset="lass70", row="")
    assert job.inputs == [f"{R}/systems/full/s1/system.json"]
    assert job.options == {
        "--weights-of": f"{R}/systems/full/s1",
        "--directions": "en-de en-fr de-en fr-en",
        "--select": "top:70%",
        "--out": f"{R}/masks/baseline/s1/lass70.npz",
    }
    [listed] = planned.of("tabulate_units")
    assert not [file for file in listed.inputs if "lass70" in file] and listed.inputs
    untrained = planned.job("select_masks", maskset="lass70", row="/de-fr")
    assert untrained.options["--like"] == f"{R}/masks/baseline/s1/lass70.npz"
    trained = tuned(planned, "lass")
    assert f"{R}/systems/baseline/s1/model.safetensors" in trained.inputs
    assert trained.options["--masks"] == f"{R}/masks/baseline/s1/lass70.npz"


def test_heads_of_other_directions_are_trained_in_a_new_one(planned: Plan) -> None:
    """The masks are made of three directions' rows, the system is trained and decoded in the fourth."""
    job = planned.job("select_masks", maskset="others", row="")
    assert job.options == {
        "--like": f"{R}/masks/baseline/s1/heads.npz",
        "--directions": "en-de en-fr de-en fr-en",
        "--rows": "majority",
        "--rows-of": "en-de de-en en-fr",
        "--out": f"{R}/masks/baseline/s1/others.npz",
    }
    trained = tuned(planned, "transfer")
    assert trained.options["--directions"] == "fr-en"
    assert json.loads(trained.options["--method"]) == {
        "train": "gradients", "parameters": "heads", "head_weights": "qkvo",
    }  # fmt: skip
    assert json.loads(tuned(planned, "iat").options["--settings"])["sampling"] == "annealed:3"
    assert "sampling" not in json.loads(trained.options["--settings"])


def test_a_training_is_told_only_what_differs_from_the_published_one(planned: Plan) -> None:
    told = {
        name: json.loads(tuned(planned, name).options.get("--method", "{}"))
        for name in ("continued", "random-2", "gradients", "small", "lora")
    }
    assert told == {
        "continued": {},
        "random-2": {},
        "gradients": {"train": "gradients"},
        "small": {
            "adapters": {
                "kind": "bottleneck", "size": 8,
                "rows": {"en-de": "en-west", "en-fr": "en-south", "de-en": "en-west", "fr-en": "en-south"},
            }
        },
        "lora": {"adapters": {"kind": "lora", "size": 64, "rows": {"en-fr": "en-fr", "fr-en": "fr-en"}}},
    }  # fmt: skip
    assert tuned(planned, "random-2").options["--masks"] == f"{R}/masks/baseline/s1/chance-2.npz"
    assert tuned(planned, "lora").options["--directions"] == "en-fr fr-en"


def test_a_system_is_scored_in_the_directions_that_it_has(planned: Plan) -> None:
    trained = "en-de en-fr de-en fr-en"
    had = {
        **dict.fromkeys(
            ("baseline", "continued", "random-1", "random-2", "gradients", "iat", "lass"), f"{trained} de-fr"
        ),
        "transfer": "fr-en",
        **dict.fromkeys(("small", "full"), trained),
        "lora": "en-fr fr-en",
        "two": "en-fr de-en",
    }
    for rule in ("score", "identify", "score_likelihood"):
        assert {job.wildcards["system"]: job.options["--directions"] for job in planned.of(rule)} == had
    decoded: dict[str, set[str]] = {}
    for job in [*planned.of("decode"), *planned.of("decode_by_fairseq")]:
        decoded.setdefault(job.wildcards["system"], set()).add(job.wildcards["direction"])
    assert decoded == {name: set(directions.split()) for name, directions in had.items()}
    assert planned.job("compare", system="two").options["--directions"] == "en-fr de-en"
    read = {job.wildcards["system"]: job.options.get("--skipped") for job in planned.of("score_contrastive")}
    assert (read["baseline"], read["two"]) == (None, "en-de fr-en de-fr")
    # Scores of fewer directions need fewer references.
    references = [file for file in planned.job("score", system="two").inputs if "/data/text/" in file]
    assert {file.rpartition("/")[2] for file in references} == {
        "de-en.de.txt", "de-en.en.txt", "en-fr.en.txt", "en-fr.fr.txt",
    }  # fmt: skip
    told = json.loads(planned.of("tabulate")[0].options["--partial-systems"])
    assert told == {name: had[name].split() for name in ("transfer", "small", "lora", "full", "two")}


def test_what_ctranslate2_cannot_hold_is_decoded_by_fairseq(planned: Plan) -> None:
    assert {job.wildcards["system"] for job in planned.of("decode_by_fairseq")} == {"small"}
    other, own = (
        planned.job("decode_by_fairseq", direction="en-fr"),
        planned.job("decode", system="lora", direction="en-fr"),
    )
    assert (other.started, own.started) == (("fairseq", "translate.decode"), ("text", "translate.decode"))
    assert (other.options["--engine"], own.options["--engine"]) == ("fairseq", "ctranslate2")
    settings = json.loads(other.compared[0])
    assert settings["environment"] == environment_identity("fairseq")
    assert settings["code"] == closure_hash("translate.decode", but="translate.ctranslate2_engine")
    different = {"--engine", "--system", "--out"}
    for name in other.options.keys() - different:
        assert other.options[name] == own.options[name]


def test_systems_of_adapters_have_a_file_more(planned: Plan) -> None:
    written = {job.wildcards["finetuned"]: {*job.outputs} for job in planned.of("finetune_adapters")}
    assert set(written) == {"small", "lora"}
    assert all(f"{R}/systems/{name}/s1/adapters.safetensors" in files for name, files in written.items())
    assert tuned(planned, "lora").started == ("fairseq", "train.finetune")


def test_what_systems_of_another_experiment_must_be(tmp_path: Path) -> None:
    """Masks that only this config describes are made here and compared; nothing is trained."""
    lay_down_text(tmp_path)
    config = {**CONFIG, "experiment": "second", "evaluation": {}}
    # The table of units needs masks: of those that are taken, a system of masked gradients has no file.
    taken = ["baseline", "continued", "random-2", "gradients", "lora", "two"]
    config["uses"] = {"experiment": "tiny", "systems": taken}
    files = {
        "baseline": [], "continued": ["masks.npz"], "random-2": ["masks.npz"], "gradients": [],
        "lora": ["masks.npz", "adapters.safetensors"], "two": ["en-fr.safetensors", "de-en.safetensors"],
    }  # fmt: skip
    for system, more in files.items():
        for name in ("system.json", "model.safetensors", "spm.model", "dict.txt", *more):
            path = tmp_path / f"{R}/systems/{system}/s1/{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    found = plan(tmp_path, config)
    assert not found.of("train_baseline")
    assert {job.wildcards["finetuned"] for job in trained(found)} == {
        "random-1", "iat", "transfer", "small", "lass", *(part for part in PARTS if part.startswith("full.")),
    }  # fmt: skip
    told = {}
    for system in taken[1:]:
        [job] = found.of(f"use_system_{system.replace('-', '_')}")
        told[system] = {name: value for name, value in job.options.items() if name not in COMMON}
    second = "results/second"
    made_from = {"--baseline": f"{second}/systems/baseline/s1"}
    lora = '{"adapters": {"kind": "lora", "rows": {"en-fr": "en-fr", "fr-en": "fr-en"}, "size": 64}}'
    assert told == {
        "continued": {"--masks": "all", **made_from},
        "random-2": {**made_from, "--same-masks": f"{second}/masks/baseline/s1/chance-2.npz"},
        "gradients": {"--method": '{"train": "gradients"}', **made_from},
        "lora": {"--masks": "all", "--method": lora, "--directions": "en-fr fr-en", **made_from},
        "two": {
            "--own-weights": "en-fr de-en", "--directions": "en-fr de-en", "--start": "random", **made_from,
        },
    }  # fmt: skip


def test_what_a_profile_sets_holds_for_the_other_engine(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    systems = {"small": {"adapters": {"kind": "bottleneck"}}}
    words = ["-n", "-p", "--until", "decode_by_fairseq", "--set-threads", "decode=2"]
    done = snakemake(tmp_path, {**TINY, "systems": systems}, *words)
    [*commands] = [line for line in done.stdout.splitlines() if "translate.decode --engine fairseq" in line]
    assert len(commands) == 4 and all(" --threads 2 " in line for line in commands)


def test_only_systems_that_translate_through_masks_need_rows_of_untrained_directions(planned: Plan) -> None:
    read = {
        job.wildcards["system"]: [file for file in job.inputs if "/masks/" in file]
        for job in planned.of("decode")
        if job.wildcards["direction"] == "de-fr"
    }
    assert read == {
        "baseline": [],
        "continued": [f"{R}/masks/baseline/s1/all/de-fr.npz"],
        "random-1": [f"{R}/masks/baseline/s1/chance-1/de-fr.npz"],
        "random-2": [f"{R}/masks/baseline/s1/chance-2/de-fr.npz"],
        "gradients": [],
        "iat": [],
        "lass": [f"{R}/masks/baseline/s1/lass70/de-fr.npz"],
    }


def test_tables_are_told_of_draws_and_of_what_was_trained(planned: Plan) -> None:
    [job] = planned.of("tabulate")
    assert json.loads(job.options["--draws"]) == {"random": ["random-1", "random-2"]}
    assert json.loads(job.options["--partial-systems"])["lora"] == ["en-fr", "fr-en"]
    assert (job.options["--untrained"], "--choose" in job.options) == ("de-fr", False)
    costs = json.loads(job.options["--costs"])
    assert [name for name, one in costs.items() if one["engine"] == "fairseq"] == ["small"]
    assert {name for name, one in costs.items() if one["trained"] == "adapters"} == {"small", "lora"}
    # Weights are selected from those of every part, so training these is part of it.
    *parts, joined, masks = costs["lass"]["extraction"]
    assert {one.partition("/")[0] for one in parts} == {"finetune"} and len(parts) == 4
    assert (joined, masks) == ("join_systems/full.s{seed}.tsv", "select_masks/baseline/s{seed}/lass70.tsv")
    assert f"{R}/systems/full/s1/system.json" in job.inputs
