"""A loss that is not a number ends the training with one line; nothing is exported."""

import pytest
import torch

from tests.training.toy_world import baseline_arguments
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask
from workflow_scripts.models.training.checkpoints import read_checkpoint, save_checkpoint
from workflow_scripts.train.train_baseline import main


def test_a_learning_rate_that_diverges(world, folder, out):
    """At 1e30 the first update throws the weights away and the second's loss is not a number."""
    with pytest.raises(
        UserError, match=r"is not a finite number \(.*\): the training has diverged; lower its lr"
    ):
        main(baseline_arguments(world, folder, out, lr=1e30, scheduler="fixed", warmup_updates=0))
    assert not out.exists()
    assert not list(folder.glob("*.pt"))  # no crash checkpoint either
    assert "diverged" in read_json(folder / "history.json")["attempts"][0]["outcome"]


def test_a_gradient_that_is_not_a_number_does_not_reach_the_weights(world, monkeypatch, folder, out):
    plain = NeuronspecTranslationTask.train_step

    def poisoned(self, sample, model, *rest, **named):
        result = plain(self, sample, model, *rest, **named)
        if named["update_num"] == 14:  # updates made before this one
            next(model.parameters()).grad.fill_(float("nan"))
        return result

    monkeypatch.setattr(NeuronspecTranslationTask, "train_step", poisoned)
    with pytest.raises(UserError, match="the gradient after update 14 is not a finite number"):
        main(baseline_arguments(world, folder, out))
    state = read_checkpoint(folder / "checkpoint_last.pt")
    assert all(torch.isfinite(tensor).all() for tensor in state["model"].values())
    monkeypatch.undo()
    main(baseline_arguments(world, folder, out))
    assert read_json(out / "system.json")["training"]["updates"] == 20


def test_a_validation_loss_that_is_not_a_number_is_no_best(world, tmp_path, monkeypatch):
    """Compared with NaN, no later loss is smaller: fairseq would keep the checkpoint of before."""
    plain = NeuronspecTranslationTask.valid_step

    def broken(self, *arguments):
        loss, size, output = plain(self, *arguments)
        return (
            loss,
            size,
            {**output, "loss": output["loss"] * float("nan")}
            | {key: value * float("nan") for key, value in output.items() if key.startswith("loss/")},
        )

    monkeypatch.setattr(NeuronspecTranslationTask, "valid_step", broken)
    with pytest.raises(UserError, match="the validation loss at update 10 is not a finite number"):
        main(baseline_arguments(world, tmp_path / "folder", tmp_path / "out"))
    assert not list((tmp_path / "folder").glob("*.pt"))


def test_weights_that_are_not_numbers_are_not_exported(world, finished, folder, out):
    finished()
    best = folder / "checkpoint_best.pt"
    state = read_checkpoint(best)
    state["model"]["encoder.layers.0.fc1.weight"][0, 0] = float("nan")
    save_checkpoint(state, best)
    with pytest.raises(UserError, match=r"tensor encoder\.layers\.0\.fc1\.weight holds NaN"):
        main(baseline_arguments(world, folder, out))
    assert not (out / "system.json").exists()
