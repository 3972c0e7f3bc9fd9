"""The training folder: what may be continued, and what starts clean."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.training_settings import training_settings
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.models.training.plan import accumulation
from workflow_scripts.train.fingerprint import number_of_processes
from workflow_scripts.train.training_folder import TrainingFolder, differing_keys
from workflow_scripts.train.training_settings import checked_settings, settings_by_class


def fingerprint(**changes: Any) -> dict[str, dict[str, Any]]:
    return settings_by_class(training_settings(**{"warmup_updates": 100, **changes}), processes=1)


def prepare(path: Path, code: str | None = None, reached: int = 0, **changes: Any) -> TrainingFolder:
    folder = TrainingFolder(path, fingerprint(**changes), code)
    path.mkdir(exist_ok=True)
    folder.prepare(lambda: reached)
    return folder


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 1e-3},
        {"max_tokens": 4800},
        {"label_smoothing": 0.0},
        {"sampler": "by_direction"},
        {"temperature": 5.0},
    ],
)
def test_a_changed_identity_starts_clean_beside_the_old(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "s1"
    prepare(path)
    (path / "checkpoint_last.pt").write_text("old")
    prepare(path, **change)
    assert not (path / "checkpoint_last.pt").exists()
    assert (tmp_path / "s1.replaced-1" / "checkpoint_last.pt").read_text() == "old"
    prepare(path)
    assert (tmp_path / "s1.replaced-2" / "fingerprint.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"max_updates": 9000},
        {"patience": 3},
        {"validate_interval_updates": 100},
        {"max_tokens": 1200, "tokens_per_update": 2400},  # the same effective batch
        {"precision": "fp32"},
        {"threads": 7},
        {"log_interval": 1},
        {"keep_checkpoints": 3},
    ],
)
def test_other_changes_continue(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "s1"
    prepare(path)
    (path / "checkpoint_last.pt").write_text("old")
    prepare(path, **change)
    assert (path / "checkpoint_last.pt").read_text() == "old"
    assert not (tmp_path / "s1.replaced-1").exists()


def test_the_classes_of_the_default_settings() -> None:
    """A key more or less would begin every training again."""
    classes = settings_by_class(checked_settings(training_settings()), processes=2)
    assert classes == {
        "identity": {
            "tokens_per_update": 2400, "lr": 5e-4, "warmup_updates": 4000, "scheduler": "inverse_sqrt",
            "label_smoothing": 0.1, "adam_betas": [0.9, 0.98], "adam_eps": 1e-6, "weight_decay": 0.0,
            "clip_norm": 0.0, "temperature": 1.0, "virtual_epoch_size": None, "sampler": "mixed",
        },
        "extendable": {"max_updates": 6000, "patience": 20, "validate_interval_updates": 500},
        "execution": {
            "max_tokens": 2400, "precision": "auto", "threads": None, "data_workers": 0, "processes": 2,
        },
    }  # fmt: skip


def test_updates_are_identity_where_the_learning_rate_ends_with_them(tmp_path: Path) -> None:
    path = tmp_path / "s1"
    prepare(path, scheduler="cosine")
    (path / "checkpoint_last.pt").write_text("old")
    prepare(path, scheduler="cosine", max_updates=9000)
    assert (tmp_path / "s1.replaced-1").exists()


@pytest.mark.parametrize("fingerprint_file", [None, "{"])
def test_checkpoints_of_which_nobody_knows_what_they_are_of_start_clean(
    fingerprint_file: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s1"
    path.mkdir()
    (path / "checkpoint_last.pt").write_text("of another training?")
    if fingerprint_file is not None:
        (path / "fingerprint.json").write_text(fingerprint_file)
    prepare(path)
    assert [entry.name for entry in path.iterdir()] == ["fingerprint.json"]
    assert (tmp_path / "s1.replaced-1" / "checkpoint_last.pt").read_text() == "of another training?"
    assert "starting clean (fingerprint.json is missing or damaged)" in caplog.text


def test_a_setting_that_only_one_side_has_is_a_change(tmp_path: Path) -> None:
    """Of a version that knew a setting more, or less."""
    assert differing_keys({"a": 1, "b": None}, {"a": 1, "c": 2}) == ["b", "c"]
    assert differing_keys({"a": 1}, {"a": 1}) == []


def test_fewer_updates_than_trained_start_clean(tmp_path: Path) -> None:
    path = tmp_path / "s1"
    prepare(path).finish(6000, "max_updates")
    prepare(path, max_updates=100)
    assert (tmp_path / "s1.replaced-1" / "finished.json").exists()


def test_finished_holds_for_the_same_extendable_settings_only(tmp_path: Path) -> None:
    prepare(tmp_path / "s1").finish(6000, "max_updates")
    (tmp_path / "s1" / "checkpoint_last.pt").write_text("state")
    assert prepare(tmp_path / "s1", threads=3).is_finished()
    assert not prepare(tmp_path / "s1", max_updates=7000).is_finished()
    assert not prepare(tmp_path / "s2").is_finished()


def of_version(path: Path, version: int, **changes: Any) -> TrainingFolder:
    known = fingerprint(**changes)
    known["identity"]["training_version"] = version
    folder = TrainingFolder(path, known)
    path.mkdir(exist_ok=True)
    folder.prepare()
    return folder


def test_what_an_earlier_version_has_finished_stays(tmp_path: Path) -> None:
    path = tmp_path / "s1"
    of_version(path, 1).finish(6000, "max_updates")
    (path / "checkpoint_last.pt").write_text("state")
    for _ in range(2):
        assert of_version(path, 2).is_finished()
        assert read_json(path / "fingerprint.json")["identity"]["training_version"] == 1
    # The earlier step is not asked for by what a later one has made.
    of_version(tmp_path / "s2", 2).finish(6000, "max_updates")
    assert not of_version(tmp_path / "s2", 1).is_finished()
    # It is to go on: that would be another training.
    assert not of_version(path, 2, max_updates=7000).is_finished()
    assert (tmp_path / "s1.replaced-1" / "checkpoint_last.pt").exists()


def test_what_an_earlier_version_has_begun_starts_clean_or_goes_on_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s1"
    of_version(path, 1)
    (path / "checkpoint_last.pt").write_text("state")
    of_version(path, 1)
    assert (path / "checkpoint_last.pt").exists()
    of_version(path, 2)
    assert not (path / "checkpoint_last.pt").exists()
    assert [line for line in caplog.messages if "clean" in line] == [
        "starting clean (training_version changed; with 'step: reference' in its settings it would go on);"
        f" the old training is kept in {path}.replaced-1"
    ]


def test_a_finished_training_goes_on_only_from_its_last_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "s1"
    prepare(path).finish(6000, "max_updates")
    with pytest.raises(
        UserError, match=r"max_updates changed from 6000 to 7000.*set max_updates back to 6000"
    ):
        prepare(path, max_updates=7000)
    with pytest.raises(UserError, match="patience changed from 20 to 3"):
        prepare(path, patience=3)
    assert read_json(path / "fingerprint.json")["extendable"]["max_updates"] == 6000
    prepare(path, keep_optimizer=False)
    (path / "checkpoint_last.pt").write_text("state")
    prepare(path, max_updates=7000)


def test_code_is_recorded_and_another_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    execution = {"max_tokens": 2400}
    for code in ("aaa+111", "aaa+111", "bbb+111"):
        folder = prepare(tmp_path / "s1", code=code)
        with folder.owned(), folder.attempt(["cpu"], execution):
            pass
    assert [attempt["code"] for attempt in folder.history.read()["attempts"]] == ["aaa+111"] * 2 + ["bbb+111"]
    assert [line for line in caplog.messages if "code" in line] == [
        "going on with other training code: aaa+111 before, now bbb+111"
    ]
    folder.finish(6000, "max_updates")
    assert read_json(tmp_path / "s1" / "finished.json")["code"] == "bbb+111"
    assert prepare(tmp_path / "s1", code="ccc+222").is_finished()


def test_fewer_updates_than_an_unfinished_training_has_made_start_clean(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s1"
    prepare(path, max_updates=6000)
    (path / "checkpoint_last.pt").write_text("update 200")
    prepare(path, reached=200, max_updates=200)
    assert (path / "checkpoint_last.pt").exists()
    prepare(path, reached=200, max_updates=199)
    assert not (path / "checkpoint_last.pt").exists()
    assert "max_updates (199, fewer than the 200 already trained) changed" in caplog.text


def test_a_training_that_goes_on_is_finished_no_longer(tmp_path: Path) -> None:
    """Else setting max_updates back would export what the longer training has made of it."""
    folder = prepare(tmp_path / "s1")
    folder.finish(6000, "max_updates")
    (tmp_path / "s1" / "checkpoint_last.pt").write_text("state")
    longer = prepare(tmp_path / "s1", max_updates=7000)
    with pytest.raises(KeyboardInterrupt), longer.attempt(["cpu"], {}):
        raise KeyboardInterrupt
    assert not prepare(tmp_path / "s1").is_finished()


def test_a_request_to_train_anew_is_done_once_and_survives_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s1"
    prepare(path).finish(6000, "max_updates")
    for name in ("checkpoint_best.pt", "checkpoint_last.pt", "owner.json"):
        (path / name).write_text("old")
    (path / "retrain.json").write_text("{}")
    plain, moved = Path.rename, []

    def killed(self: Path, target: Path) -> Path:
        if len(moved) == 2:
            raise KeyboardInterrupt
        moved.append(self.name)
        return plain(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", killed)
        prepare(path)
    assert (path / "retrain.json").exists()
    assert (path / "fingerprint.json").exists()  # moved last
    assert not prepare(path).is_finished()
    assert sorted(entry.name for entry in path.iterdir()) == ["fingerprint.json", "owner.json"]
    kept = sorted(entry.name for n in (1, 2) for entry in (tmp_path / f"s1.replaced-{n}").iterdir())
    assert kept == ["checkpoint_best.pt", "checkpoint_last.pt", "fingerprint.json", "finished.json"]
    assert "starting clean (to train again was asked for)" in caplog.text
    # Killed just before the request was removed: there is nothing more to set aside.
    (path / "fingerprint.json").unlink()
    (path / "retrain.json").write_text("{}")
    prepare(path)
    assert not (tmp_path / "s1.replaced-3").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"learning_rate": 1}, "unknown key 'learning_rate'"),
        ({"warmup_update": 1}, "did you mean 'warmup_updates'"),
        ({"scheduler": "cosin"}, "did you mean 'cosine'"),
        ({"max_tokens": 0}, "max_tokens 0 in the training settings must be a whole number of at least 1"),
        ({"update_freq": 2}, "unknown key 'update_freq'"),
        ({"tokens_per_update": None}, "tokens_per_update None in the training settings must be a whole"),
        ({"sampler": None}, "sampler None in the training settings must be one of by_direction, mixed"),
        (
            {"sampling": "annealed"},
            "sampling 'annealed' in the training settings must be one of proportional",
        ),
        ({"sampling": "annealed:3", "temperature": 5.0}, "both say how often a direction is drawn"),
        ({"step": "fats"}, "must be one of reference, fast .did you mean 'fast'"),
        ({"source_weights": {"de-en": [1, 0]}}, "must be lists of positive numbers by pair"),
        ({"scheduler": "cosine", "max_updates": 10}, "warmup_updates 4000 .* below max_updates 10"),
        ({"max_updates": 3999}, "warmup_updates 4000 .* beyond max_updates 3999, so that lr 0.0005 is never"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        checked_settings(training_settings(**given))


@pytest.mark.parametrize(("max_tokens", "processes", "batches"), [(2400, 1, 4), (1200, 1, 8), (1200, 4, 2)])
def test_an_update_holds_the_same_tokens_however_it_is_split(
    max_tokens: int, processes: int, batches: int
) -> None:
    settings = training_settings(max_tokens=max_tokens, tokens_per_update=9600)
    assert accumulation(settings, processes) == batches


def test_an_update_that_cannot_be_split_so_is_refused() -> None:
    settings = training_settings(max_tokens=2400, tokens_per_update=4800)
    with pytest.raises(
        UserError, match="4800 tokens is not a multiple of max_tokens 2400 in each of 4"
    ) as four:
        accumulation(settings, 4)
    assert str(four.value).endswith("change max_tokens (max_tokens 1200 would do) or update_freq")
    with pytest.raises(UserError, match="in each of 7 processes; change max_tokens or update_freq"):
        accumulation(settings, 7)  # 4800 is no multiple of 7


@pytest.mark.parametrize(
    ("gpus", "batches", "processes"), [(0, 1, 1), (2, 1, 1), (4, 6, 2), (8, 84, 4), (4, 84, 4)]
)
def test_as_many_gpus_as_an_update_can_be_shared_out_to(
    gpus: int, batches: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    settings = training_settings(max_tokens=100, tokens_per_update=100 * batches)
    assert number_of_processes(settings) == processes
    for name, value in {"WORLD_SIZE": "3", "RANK": "2", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    assert number_of_processes(settings) == 3
