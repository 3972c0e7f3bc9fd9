"""A tiny experiment through every rule, for real: two invented languages, 2+2 layers, one mask."""

import csv

import pytest

from tests import started
from tests.system.tiny_run import CONFIG, ROOT, read
from tests.tiny_experiment import DIRECTIONS, LONGEST, SYSTEMS, TRAINED
from tests.unit.workflow.planned import a_job
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.plan.times import past_trainings
from workflow_scripts.workflow.run.earlier_training import earlier_training
from workflow_scripts.workflow.software.environments import venvs_folder

#: One worker makes the run, and the other does not wait for it.
pytestmark = pytest.mark.together("tiny")


@pytest.fixture(scope="session")
def results(tiny_run):
    return tiny_run / "results" / "tiny"


def test_cleaned_text_lies_in_two_shards(results):
    """What went and what is left adds up, through the card to the shards."""
    card = read(results / "data" / "card.json")
    for pair, size in (("en-ka", 3000), ("en-ke", 1500)):
        entry = card["subsets"]["train"][pair]
        sides = [(results / f"data/toy/train.{pair}.{x}").read_text().splitlines() for x in pair.split("-")]
        pairs = [
            (a, b) for a, b in zip(*sides, strict=True) if max(map(len, (a.split(), b.split()))) <= LONGEST
        ]
        assert 0 < size - len(pairs) == entry["dropped"]["too_long"]
        assert len(pairs) - len(set(pairs)) == entry["dropped"]["duplicate"]
        assert entry["sentences"] + sum(entry["dropped"].values()) == size
        parts = [read(results / f"data/bin/shard{shard}/train.{pair}.en.json") for shard in (0, 1)]
        assert sum(part["sentences"] for part in parts) == entry["sentences"]
        assert 0 <= parts[0]["sentences"] - parts[1]["sentences"] <= 1
        assert (results / f"data/bin/shard1/valid.{pair}.en.bin").is_file()
    log = (results / "logs" / "train_baseline" / "s1.log").read_text()
    assert "epoch 1 reads results/tiny/data/bin/shard0" in log
    assert "epoch 2 reads results/tiny/data/bin/shard1" in log


def test_finished_trainings_are_known_as_the_config_has_them(results, monkeypatch):
    """The records are the trainer's: what `make why`, `make plan` and the disk check read of them."""
    monkeypatch.chdir(results.parents[1])
    baseline = a_job("train_baseline", {"seed": "1"}, [])
    jobs = [baseline, *(a_job("finetune", {"finetuned": name, "seed": "1"}, []) for name in SYSTEMS[1:])]
    for changes, found in (
        ({}, [(400, 0), (20, 0), (20, 0)]),
        ({"model": {**CONFIG["model"], "max_positions": 255}}, [(0, 400), (0, 20), (0, 20)]),
    ):
        earlier = [earlier_training(load_experiment({**CONFIG, **changes}), results, job) for job in jobs]
        assert [one and (one.updates, one.left) for one in earlier] == found
    assert {one.system for one in past_trainings(results.parent)} == set(SYSTEMS)


def test_every_direction_of_every_system_is_decoded_and_scored(results):
    rows = list(csv.DictReader((results / "tables" / "scores.csv").open()))
    columns = "experiment,system,seed,testset,profile,direction,metric,score,n,signature"
    assert ",".join(rows[0]) == columns
    assert {(r["system"], r["direction"]) for r in rows} == {(s, d) for s in SYSTEMS for d in DIRECTIONS}
    assert {r["n"] for r in rows} == {"60"}
    scores = {tuple(r[key] for key in ("system", "direction", "metric", "profile")): r["score"] for r in rows}
    # Nothing is lost by binarising this text, so rebuilt references score alike.
    assert {profile for *_, profile in scores} == {"raw", "paper"}
    assert all(
        score == scores[*key, "paper"] for (*key, profile), score in scores.items() if profile == "raw"
    )
    assert all("version:" in r["signature"] for r in rows)
    for row in rows:
        text = results / "translations" / row["system"] / "s1" / "test" / f"{row['direction']}.txt"
        assert text.read_text().count("\n") == 60


def test_the_baseline_has_learned_something(results):
    rows = csv.DictReader((results / "tables" / "scores.csv").open())
    bleu = {
        r["direction"]: float(r["score"]) for r in rows if (r["system"], r["metric"]) == ("baseline", "BLEU")
    }
    assert len(bleu) == 5
    assert sum(bleu[direction] for direction in TRAINED) / 4 > 10


def test_every_system_says_how_likely_the_references_are(results):
    found = {system: read(results / f"likelihoods/{system}/s1/test.json") for system in SYSTEMS}
    for system, written in found.items():
        assert (written["experiment"], written["system"], written["testset"]) == ("tiny", system, "test")
        assert list(written["directions"]) == DIRECTIONS
        for direction, entry in written["directions"].items():
            assert (entry["n"], entry["skipped"]) == (60, 0)
            # A guess among 250 subwords would cost 5.5 nats.
            assert direction not in TRAINED or entry["nats_per_token"] < 3
    per_token = {system: found[system]["directions"]["ka-ke"]["nats_per_token"] for system in SYSTEMS}
    assert len(set(per_token.values())) == len(SYSTEMS)  # under its own mask row


def test_systems_tell_right_inflections_from_wrong_ones(results):
    for system in SYSTEMS:
        written = read(results / f"contrastive/{system}/s1/inflection.json")
        assert (written["set"], list(written["directions"])) == ("inflection", DIRECTIONS)
        for direction in TRAINED:
            number = written["directions"][direction]["phenomena"]["number"]
            assert number["n"] == 60 and number["chance"] == 0.5 < number["accuracy"]


def test_a_mask_fits_its_own_direction(results):
    """Positive control: untrained, the own mask harms less than a random one of equal size per layer."""
    control = read(results / "analysis" / "mask_control" / "baseline" / "s1" / "k70.json")
    assert set(control["directions"]) == set(TRAINED)
    for direction, losses in control["directions"].items():
        assert losses["own"] < losses["random_mean"], direction
    # Out of the pivot the sources are the same text, so that only the target language differs.
    assert control["control"]["own_below_other_targets"] == {"en-ka": True, "en-ke": True}
    assert control["control"]["passed"] is True


def test_the_strongest_units_are_a_default(results):
    """The config does not name them. Three languages on each side, all directions read."""
    found = read(results / "analysis" / "strongest_units" / "baseline" / "s1.json")
    assert (found["text"], found["sentences"], found["rule"]) == ("valid", 300, "sign")
    assert found["sentences_read"] == dict.fromkeys(TRAINED, 100)
    assert set(found["languages"]) == {"en", "ka", "ke"} and found["not_compared"] == []
    for sides in found["languages"].values():
        for units in sides.values():
            assert len(units) == 16
            scores = [one["score"] for one in units]
            assert scores == sorted(scores, reverse=True) and scores[-1] > 0
            assert all(1 >= one["rate"] > one["rate_elsewhere"] >= 0 for one in units)
            assert any(one["words"] for one in units)
    # 800,000 tokens allow 14 sentences of each of four directions, 15 are the fewest.
    removed = found["removed"]
    assert (removed["sentences"], removed["units"]) == (15, 32)
    sentences = {own: {name: one["n"] for name, one in of.items()} for own, of in removed["matrix"].items()}
    assert sentences == {
        "en": {"en": 60}, "ka": {"en": 30, "ka": 30, "ke": 30}, "ke": {"en": 30, "ka": 30, "ke": 30},
    }  # fmt: skip
    assert set(found["halves"]["directions"]) == set(TRAINED)
    assert (results / "tables" / "cautions.txt").read_text().count("too few sentences") == len(
        found["cautions"]
    )


def test_masks_of_more_sentences_agree_more(results):
    """Two samples of all sentences agree more than two of a fifth, and both far more than chance."""
    stability = read(results / "analysis" / "stability" / "baseline" / "s1" / "k70.json")
    assert [one["sentences"] for one in stability["directions"].values()] == [100] * 4
    for stack in ("encoder.mean", "decoder.mean"):
        few, every = stability["mean"][stack]
        assert (few["sentences"], every["sentences"]) == (20, "all")
        assert 2 * every["chance"] < few["mean_iou"] < every["mean_iou"] < 1


def test_frequent_units_keep_more_than_random_ones(results):
    """Alone, the most active units of a direction carry it better than any random ones of equal number."""
    criteria = read(results / "analysis" / "criteria" / "baseline" / "s1.json")
    assert criteria["criteria"] == ["activations", "lape"] and len(criteria["draws"]) == 5
    kept = {name: found["kept"]["own"]["mean"] for name, found in criteria["summary"].items()}
    assert all(kept["activations"] < kept[name] for name in criteria["draws"])
    nll = criteria["semantics"]["nll"]
    assert all(nll["row mask"][direction] != nll["removal"][direction] for direction in TRAINED)


def test_the_positive_control_catches_masks_of_the_wrong_direction(results, tmp_path):
    """The rows of the two languages swapped: the control must not pass."""
    script = """
import sys
import numpy as np
from workflow_scripts.units.mask_table import MaskTable
table = MaskTable.read(sys.argv[1])
swap = {"en-ka": "en-ke", "en-ke": "en-ka", "ka-en": "ke-en", "ke-en": "ka-en"}
keep = np.stack([table.row(swap.get(row, row)) for row in table.rows])
MaskTable(table.rows, keep, table.space, table.manifest).write(sys.argv[2])
"""
    masks = tmp_path / "swapped.npz"
    python = venvs_folder() / "fairseq/bin/python"
    done = started.run([python, "-c", script, results / "masks/baseline/s1/k70.npz", masks], ROOT)
    assert done.returncode == 0, done.stderr
    command = [python, "-m", "workflow_scripts.analyse.mask_control", "--masks", masks]
    command += ["--system", results / "systems/baseline/s1", "--data-bin", results / "data/bin/shard0"]
    command += ["--subset", "test", "--directions", *TRAINED, "--seed", "1", "--max-sentences", "60"]
    done = started.run([*command, "--out", tmp_path / "o.json"], ROOT)
    assert done.returncode == 0, done.stderr
    control = read(tmp_path / "o.json")["control"]
    assert control["passed"] is False
    assert control["own_below_other_targets"] == {"en-ka": False, "en-ke": False}


def test_systems_are_complete_and_name_their_masks(results):
    for system in SYSTEMS:
        folder = results / "systems" / system / "s1"
        described = read(folder / "system.json")
        assert described["system"] == system
        assert set(described["directions"]) == set(TRAINED)
        for file in filter(None, described["files"].values()):
            assert (folder / file).is_file()
    assert read(results / "systems/baseline/s1/system.json")["directions"]["en-ka"]["mask_row"] is None
    assert read(results / "systems/ns-k70/s1/system.json")["directions"]["en-ka"]["mask_row"] == "en-ka"


def test_every_rule_left_its_log_and_its_benchmark(results):
    logs = {path.name for path in (results / "logs").iterdir()}
    assert logs == {path.name for path in (results / "benchmarks").iterdir()}
    assert {"train_baseline", "finetune", "count_activations", "select_masks", "decode", "score"} <= logs


def test_translate_takes_raw_text(results):
    source = (results / "data/text/test/en-ka.ka.txt").read_text().splitlines()[:3]
    command = [venvs_folder() / "text/bin/python", "-m", "workflow_scripts.translate.translate"]
    command += ["--system", results / "systems/ns-k70/s1", "--direction", "ka-en"]
    done = started.run(command, ROOT, said="\n".join(source) + "\n")
    assert done.returncode == 0, done.stderr
    decoded = (results / "translations/ns-k70/s1/test/ka-en.txt").read_text().split("\n")[:3]
    assert done.stdout.split("\n")[:3] == decoded
