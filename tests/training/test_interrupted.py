"""Real trainings whose checkpoints are damaged, lost or further than asked for."""

import errno

import pytest
import torch

from tests.training.interrupted import after_update, killed_after, same_weights
from tests.training.toy_world import baseline_arguments
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.models.training.checkpoints import read_checkpoint, updates_of
from workflow_scripts.train.history import History
from workflow_scripts.train.train_baseline import main
from workflow_scripts.train.training_folder import TrainingFolder


def cut(path):
    path.write_bytes(path.read_bytes()[:-5000])


def test_a_truncated_last_checkpoint_is_not_loaded(
    straight, tmp_path, monkeypatch, capsys, folder, arguments
):
    with killed_after(15, monkeypatch):
        main(arguments)
    for name in ("checkpoint_last.pt", "checkpoint_1_10.pt"):
        assert updates_of(read_checkpoint(folder / name)) == 10
    cut(folder / "checkpoint_last.pt")
    capsys.readouterr()
    main(arguments)
    error = capsys.readouterr().err
    assert f"{folder / 'checkpoint_last.pt'} is damaged; kept as checkpoint_last.pt.damaged" in error
    assert f"{folder}: going on from checkpoint_1_10.pt, update 10" in error
    assert "resumed at update 10, epoch 1" in error
    assert same_weights(tmp_path / "out", straight)
    assert (folder / "checkpoint_last.pt.damaged").exists()


def test_nothing_intact_starts_clean(straight, tmp_path, monkeypatch, folder, arguments):
    with killed_after(15, monkeypatch):
        main(arguments)
    for path in folder.glob("*.pt"):
        cut(path)
    main(arguments)
    assert same_weights(tmp_path / "out", straight)
    rows = (folder / "validation.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["10"] * 5 + ["20"] * 5


def test_a_truncated_best_checkpoint_is_not_exported(straight, finished, folder, out, arguments):
    finished()
    best = folder / "checkpoint_best.pt"
    others = [path for path in folder.glob("checkpoint*.pt") if path != best]
    assert {updates_of(read_checkpoint(path)) for path in [best, *others]} == {20}
    cut(best)
    main(arguments)
    assert same_weights(out, straight)
    assert updates_of(read_checkpoint(best)) == 20
    cut(best)
    for path in others:
        path.unlink()
    with pytest.raises(
        UserError, match=rf"{best} is damaged, and no other .* move {folder} away to train again"
    ):
        main(arguments)
    assert not (out / "system.json").exists()  # a folder without it is no system


def test_fewer_updates_than_made_do_not_export_what_came_later(world, tmp_path, monkeypatch, folder):
    """Killed at 28 of 30, of which 20 are in the best checkpoint; then 10 are asked for."""
    with killed_after(28, monkeypatch):
        main(baseline_arguments(world, folder, tmp_path / "out", max_updates=30))
    main(baseline_arguments(world, folder, tmp_path / "out", max_updates=10))
    main(baseline_arguments(world, tmp_path / "ten", tmp_path / "straight", max_updates=10))
    assert same_weights(tmp_path / "out", tmp_path / "straight")
    assert read_json(tmp_path / "out" / "system.json")["training"]["best_update"] == 10
    kept = tmp_path / "folder.replaced-1" / "checkpoint_last.pt"
    assert updates_of(read_checkpoint(kept)) == 20


def test_a_longer_training_that_is_taken_back_does_not_export_what_came_later(
    world, straight, tmp_path, monkeypatch, finished, folder
):
    """Finished with 20 updates, gone on to 40 and killed at 35, set back to 20."""
    finished()
    with killed_after(35, monkeypatch):
        main(baseline_arguments(world, folder, tmp_path / "out", max_updates=40))
    main(baseline_arguments(world, folder, tmp_path / "out"))
    assert same_weights(tmp_path / "out", straight)


def test_killed_between_its_last_checkpoint_and_the_word_that_it_is_finished(world, tmp_path, monkeypatch):
    """Patience is spent at update 8: going on from there must not train to the next validation."""
    options = {"lr": 1e-12, "patience": 3, "validate_interval_updates": 2}

    def kill(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(TrainingFolder, "finish", kill)
        main(baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **options))
    main(baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **options))
    assert read_json(tmp_path / "folder" / "finished.json")["updates"] == 8
    main(baseline_arguments(world, tmp_path / "other", tmp_path / "straight", **options))
    assert same_weights(tmp_path / "out", tmp_path / "straight")


def test_what_the_attempts_cost_is_in_the_system(world, tmp_path, monkeypatch, folder):
    arguments = [*baseline_arguments(world, folder, tmp_path / "out"), "--code=aaaa+1111"]
    with killed_after(15, monkeypatch):
        main(arguments)
    main(arguments)
    history = History(folder).read()
    assert [attempt["devices"] for attempt in history["attempts"]] == [["cpu"], ["cpu"]]
    assert [attempt["code"] for attempt in history["attempts"]] == ["aaaa+1111"] * 2
    assert read_json(folder / "finished.json")["code"] == "aaaa+1111"
    training = read_json(tmp_path / "out" / "system.json")["training"]
    assert training["attempts"] == 2
    assert training["max_tokens"] == 200
    assert training["seconds"] == pytest.approx(sum(one["seconds"] for one in history["attempts"]))
    assert training["gpu_hours"] == 0.0
    assert training["peak_memory_mb"] == max(one["peak_memory_mb"] for one in history["attempts"]) > 50


def test_other_code_goes_on_with_an_unfinished_training_only(
    straight, tmp_path, monkeypatch, capsys, folder, arguments
):
    with killed_after(15, monkeypatch):
        main([*arguments, "--code=aaaa+1111"])
    capsys.readouterr()
    main([*arguments, "--code=bbbb+1111"])
    assert "going on with other training code: aaaa+1111 before, now bbbb+1111" in capsys.readouterr().err
    assert same_weights(tmp_path / "out", straight)
    main([*arguments, "--code=cccc+1111"])
    assert len(History(folder).read()["attempts"]) == 2
    assert read_json(folder / "finished.json")["code"] == "bbbb+1111"


def test_training_anew_when_it_was_asked_for(straight, tmp_path, finished, folder, arguments):
    finished()
    (folder / "retrain.json").write_text("{}")
    main(arguments)
    assert same_weights(tmp_path / "out", straight)
    assert len(History(folder).read()["attempts"]) == 1
    assert (tmp_path / "folder.replaced-1" / "finished.json").exists()
    assert not (folder / "retrain.json").exists()


def test_a_process_that_was_taken_over_writes_no_checkpoint(world, tmp_path, monkeypatch, folder):
    taken = {"host": "elsewhere", "pid": 1}

    def take_over():
        write_json(folder / "owner.json", taken)
        write_json(folder / "history.json", {"attempts": ["theirs"]})

    with (
        after_update(15, take_over, monkeypatch),
        pytest.raises(UserError, match="another process took this training over"),
    ):
        main(baseline_arguments(world, folder, tmp_path / "out"))
    assert updates_of(read_checkpoint(folder / "checkpoint_last.pt")) == 10
    assert read_json(folder / "owner.json") == taken
    assert read_json(folder / "history.json") == {"attempts": ["theirs"]}


def test_a_data_file_that_cannot_be_read_is_not_a_disk_that_cannot_be_written(world, tmp_path, monkeypatch):
    """The tests may run as one who can read everything."""
    name = str(world / "bin" / "train.de-en.de.bin")

    def refuse():
        raise PermissionError(errno.EACCES, "Permission denied", name)

    with (
        after_update(15, refuse, monkeypatch),
        pytest.raises(PermissionError, match=r"train\.de-en\.de\.bin"),
    ):
        main(baseline_arguments(world, tmp_path / "folder", tmp_path / "out"))


def test_a_damaged_best_checkpoint_stops_an_unfinished_training_at_once(
    world, straight, tmp_path, monkeypatch, folder
):
    """A loss that no later one undercuts: the second validation's checkpoint is worse than the first."""
    arguments = baseline_arguments(world, folder, tmp_path / "out", max_updates=40)
    with killed_after(25, monkeypatch):
        main(arguments)
    best = folder / "checkpoint_best.pt"
    for path in folder.glob("checkpoint*.pt"):
        if path != best:
            state = read_checkpoint(path)
            state["extra_state"] |= {"val_loss": 9.0, "best": 1.0}
            torch.save(state, path)
    cut(best)
    with pytest.raises(
        UserError, match=rf"^{best} is damaged, and no other checkpoint holds the best update"
    ):
        main(arguments)
    assert len(History(folder).read()["attempts"]) == 1


def test_a_finished_training_without_its_history_is_exported(world, straight, tmp_path, finished, folder):
    finished()
    (folder / "history.json").unlink()
    main(baseline_arguments(world, folder, tmp_path / "out"))
    training = read_json(tmp_path / "out" / "system.json")["training"]
    assert (training["attempts"], training["max_tokens"]) == (0, 200)
    assert same_weights(tmp_path / "out", straight)
