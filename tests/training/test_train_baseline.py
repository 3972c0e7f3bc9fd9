"""Training for real on a tiny copy task: it learns, resumes to the bit, stops and re-exports as it should."""

import csv
import shutil
from pathlib import Path

import pytest

from tests.training.interrupted import killed_after, same_weights
from tests.training.toy_world import baseline_arguments, write_pair
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.models.fairseq.training import loop as training
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask
from workflow_scripts.train.train_baseline import main


def losses(folder):
    with (folder / "validation.csv").open(encoding="utf-8") as handle:
        return {int(r["update"]): float(r["loss"]) for r in csv.DictReader(handle) if r["direction"] == "all"}


@pytest.mark.parametrize("sampler", ["mixed", "by_direction"])
def test_resumed_training_is_the_same_to_the_bit(world, tmp_path, monkeypatch, sampler):
    """20 updates straight against 10, five that are lost, and 10 again; an epoch has 6 to 10."""
    options = {"sampler": sampler, "temperature": 2.0, "max_tokens": 300}
    main(baseline_arguments(world, tmp_path / "straight", tmp_path / "a", **options))
    broken = baseline_arguments(world, tmp_path / "broken", tmp_path / "b", **options)
    with killed_after(15, monkeypatch):
        main(broken)
    assert not (tmp_path / "b").exists()
    main(broken)
    assert same_weights(tmp_path / "a", tmp_path / "b")
    texts = [(tmp_path / name / "validation.csv").read_text() for name in ("straight", "broken")]
    assert texts[0] == texts[1]
    assert sorted(losses(tmp_path / "broken")) == [10, 20]
    history = read_json(tmp_path / "broken" / "history.json")
    assert [attempt["outcome"] for attempt in history["attempts"]] == ["KeyboardInterrupt: ", "finished"]
    assert history["seconds"] == pytest.approx(sum(attempt["seconds"] for attempt in history["attempts"]))
    main(baseline_arguments(world, tmp_path / "other", tmp_path / "c", seed=2, **options))
    assert not same_weights(tmp_path / "a", tmp_path / "c")


def test_resuming_within_a_shard(world, tmp_path, monkeypatch):
    """48 examples of 8 tokens an epoch are 6 batches of 64: updates 1-6 and 13-18 see shard 0, 7-12 shard 1.

    Killed at 15, the training goes on after the checkpoint of update 10, in the middle of shard 1.
    """
    words = {0: range(4, 14), 1: range(14, 24)}
    for shard, known in words.items():
        (tmp_path / f"shard{shard}").mkdir()
        for path in (world / "bin").glob("valid.*"):
            shutil.copyfile(path, tmp_path / f"shard{shard}" / path.name)
        for pair in ("de-en", "en-fr"):
            lines = [[known[line % 10]] * 6 for line in range(12)]
            write_pair(tmp_path / f"shard{shard}", "train", pair, lines)
    seen = []  # the shard of each batch
    plain = NeuronspecTranslationTask.train_step

    def watched(self, sample, *rest, **named):
        of_batch = set(sample["target"][:, 1].tolist())
        seen.append(next(shard for shard, known in words.items() if of_batch <= set(known)))
        return plain(self, sample, *rest, **named)

    monkeypatch.setattr(NeuronspecTranslationTask, "train_step", watched)

    def arguments(name):
        given = baseline_arguments(world, tmp_path / name, tmp_path / f"{name}.out", max_tokens=64)
        folders = f"{tmp_path / 'shard0'}:{tmp_path / 'shard1'}"
        return [f"--data-bin={folders}" if one.startswith("--data-bin=") else one for one in given]

    main(arguments("straight"))
    assert seen == [0] * 6 + [1] * 6 + [0] * 6 + [1] * 2
    with killed_after(15, monkeypatch):
        main(arguments("broken"))
    seen.clear()
    main(arguments("broken"))
    assert seen == [1] * 2 + [0] * 6 + [1] * 2
    assert same_weights(tmp_path / "straight.out", tmp_path / "broken.out")


def test_copying_is_learned(world, folder, out):
    """From guessing (27 symbols: 4.75 bits) to below 3 bits a token; the best update is exported."""
    options = {"max_updates": 120, "validate_interval_updates": 40, "log_interval": 40, "lr": 1e-2}
    options |= {"scheduler": "fixed", "dropout": 0.0, "label_smoothing": 0.0}
    options |= {"valid_bleu": True, "tensorboard": True}
    main(baseline_arguments(world, folder, out, max_tokens=400, **options))
    found = losses(folder)
    assert sorted(found) == [40, 80, 120]
    assert found[120] < 3.0
    system = read_json(out / "system.json")
    assert system["architecture"]["dropout"] == 0.1  # the model's: the override is of this training alone
    best = min(found, key=lambda update: found[update])
    assert system["training"]["best_update"] == best
    assert system["training"]["best_valid_loss"] == pytest.approx(found[best], abs=6e-4)
    assert system["training"]["updates"] == 120
    assert len(list(folder.glob("checkpoint_*_*.pt"))) == 1  # keep_checkpoints
    rows = [line.split(",") for line in (folder / "validation_bleu.csv").read_text().splitlines()]
    assert rows[0] == ["update", "direction", "bleu"]
    bleu = {int(update): float(score) for update, direction, score in rows[1:] if direction == "all"}
    assert sorted(bleu) == [40, 80, 120]
    assert 5.0 < bleu[120] < 100.0
    assert any((folder / "tensorboard").rglob("events*"))


def test_patience_counts_through_a_resume(world, tmp_path, monkeypatch):
    """Nothing is learned at this learning rate: best at 2, and 4, 6 and 8 bring no new best."""
    options = {"lr": 1e-12, "patience": 3, "validate_interval_updates": 2}
    arguments = baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **options)
    with killed_after(7, monkeypatch):
        main(arguments)
    main(arguments)
    assert sorted(losses(tmp_path / "folder")) == [2, 4, 6, 8]
    assert read_json(tmp_path / "folder" / "finished.json")["updates"] == 8


def test_finished_training_is_exported_again_and_extended(
    world, straight, tmp_path, monkeypatch, finished, folder
):
    finished()
    with monkeypatch.context() as patch:
        patch.setattr(NeuronspecTranslationTask, "train_step", None)
        main(baseline_arguments(world, folder, tmp_path / "b"))
    assert same_weights(straight, tmp_path / "b")
    assert len(read_json(folder / "history.json")["attempts"]) == 1
    main(baseline_arguments(world, folder, tmp_path / "c", max_updates=30))
    main(baseline_arguments(world, tmp_path / "straight", tmp_path / "d", max_updates=30))
    assert same_weights(tmp_path / "c", tmp_path / "d")


def test_without_optimiser_state_it_exports_again_and_refuses_to_begin_anew(
    world, straight, tmp_path, monkeypatch, folder
):
    main(baseline_arguments(world, folder, tmp_path / "a", keep_optimizer=False))
    assert not list(folder.glob("*.pt"))
    described = (tmp_path / "a" / "system.json").read_bytes()
    assert same_weights(tmp_path / "a", straight)
    for file in (tmp_path / "a").iterdir():  # as Snakemake does before a job
        file.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(NeuronspecTranslationTask, "train_step", None)
        main(baseline_arguments(world, folder, tmp_path / "a"))
    assert same_weights(tmp_path / "a", straight)
    assert (tmp_path / "a" / "system.json").read_bytes() == described
    with pytest.raises(UserError, match=r"max_updates changed from 20 to 30, but the optimiser state .*set"):
        main(baseline_arguments(world, folder, tmp_path / "a", max_updates=30))
    assert same_weights(tmp_path / "a", straight)
    # The refusal leaves the folder as it was.
    main(baseline_arguments(world, folder, tmp_path / "a"))
    (folder / "kept.safetensors").unlink()
    with pytest.raises(UserError, match="its best weights are gone"):
        main(baseline_arguments(world, folder, tmp_path / "a"))


def test_another_split_of_the_batch_goes_on(world, tmp_path, monkeypatch, folder):
    """The data position cannot be kept when batches are cut differently: training enters the next epoch."""
    with killed_after(12, monkeypatch):
        main(baseline_arguments(world, folder, tmp_path / "out"))
    main(baseline_arguments(world, folder, tmp_path / "out", max_tokens=100, tokens_per_update=200))
    assert sorted(losses(folder)) == [10, 20]
    attempts = read_json(folder / "history.json")["attempts"]
    assert [attempt["execution"]["max_tokens"] for attempt in attempts] == [200, 100]


def test_training_data_may_be_read_from_the_nodes_own_disk(world, undisturbed, tmp_path, monkeypatch):
    plain = training.run

    def watched(plan, deadline):
        # While it trains, the files that it was given are gone.
        data = tmp_path / "world" / "bin"
        data.rename(tmp_path / "elsewhere")
        try:
            assert Path(plan.data_bin).is_relative_to(tmp_path / "node")
            plain(plan, deadline)
        finally:
            (tmp_path / "elsewhere").rename(data)

    shutil.copytree(world, tmp_path / "world")
    (tmp_path / "node").mkdir()
    monkeypatch.setenv("NEURONSPEC_SCRATCH", str(tmp_path / "node"))
    monkeypatch.setattr(training, "run", watched)
    main(baseline_arguments(tmp_path / "world", tmp_path / "near", tmp_path / "b"))
    assert same_weights(undisturbed / "out", tmp_path / "b")
    records = [read_json(one / "finished.json") for one in (undisturbed / "folder", tmp_path / "near")]
    assert records[0] == records[1]
    assert [list(folder.iterdir()) for folder in (tmp_path / "node").iterdir()] == [[]]
