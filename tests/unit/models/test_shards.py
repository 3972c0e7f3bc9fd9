"""One shard of the training data an epoch: which lines an epoch sees, and what does not fit."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.training.toy_world import (  # noqa: E402
    ARCHITECTURE,
    DIRECTIONS,
    LANGUAGES,
    SETTINGS,
    write_pair,
    write_world,
)
from tests.training_settings import training_settings  # noqa: E402
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.common.files import sha256_of  # noqa: E402
from workflow_scripts.models.fairseq.shards import (  # noqa: E402
    check_training_data,
    data_folders,
    shard_of_epoch,
    training_files,
    weighted_sources,
)
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask  # noqa: E402
from workflow_scripts.models.training.plan import TrainingPlan  # noqa: E402
from workflow_scripts.train.fingerprint import fingerprint_of  # noqa: E402

#: Training lines of each shard, as the number of the one word that a line repeats: 4 to 23 are words.
SHARD_LINES = ([4, 5, 6], [7, 8], [9, 10, 11, 12])


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A world whose training data lie in three shards; a line is one word three times."""
    world = write_world(tmp_path / "world")
    for number, words in enumerate(SHARD_LINES):
        folder = world / f"shard{number}"
        folder.mkdir()
        for path in (world / "bin").glob("valid.*"):
            shutil.copyfile(path, folder / path.name)
        for pair in ("de-en", "en-fr"):
            write_pair(folder, "train", pair, [[word] * 3 for word in words])
    return world


def data_bin(world: Path) -> str:
    return ":".join(str(world / f"shard{number}") for number in range(3))


def plan(world: Path, folders: str) -> TrainingPlan:
    return TrainingPlan(
        system="baseline",
        seed=1,
        languages=list(LANGUAGES),
        directions=list(DIRECTIONS),
        architecture=ARCHITECTURE,
        settings=training_settings(**SETTINGS),
        text={},
        data_bin=folders,
        dictionary=str(world / "dict.txt"),
        subwords=str(world / "spm.model"),
        folder=str(world / "training"),
    )


def words_of_epoch(task: Any, epoch: int) -> list[int]:
    """The words of the training sentences of de-en that an epoch's batches hold, sorted."""
    task.load_dataset("train", epoch=epoch)
    iterator = task.get_batch_iterator(
        task.dataset("train"), max_tokens=50, epoch=epoch, disable_iterator_cache=True
    )
    batches = iterator.next_epoch_itr(shuffle=False)
    targets = [row for batch in batches for row in batch["target"].tolist() if row[0] == 24]  # __en__
    first = [row[1] for row in targets]
    return sorted(first)


def test_each_epoch_reads_the_next_shard(sharded: Path) -> None:
    """Both pairs have the same lines, so each word comes twice into English: from de and from fr."""
    settings = vars(plan(sharded, data_bin(sharded)))
    task = NeuronspecTranslationTask(SimpleNamespace(plan=json.dumps(settings)))
    assert task.has_sharded_data("train") and not task.has_sharded_data("valid")
    for epoch, words in enumerate((*SHARD_LINES, SHARD_LINES[0]), 1):
        assert words_of_epoch(task, epoch) == sorted([*words, *words])
    # A resume enters any epoch first.
    resumed = NeuronspecTranslationTask(SimpleNamespace(plan=json.dumps(settings)))
    assert words_of_epoch(resumed, 5) == sorted([*SHARD_LINES[1], *SHARD_LINES[1]])


def test_validation_text_of_which_nothing_fits_is_refused(sharded: Path) -> None:
    """64 positions hold 62 words; else the loss of both directions would read 0 at every validation."""
    settings = vars(plan(sharded, data_bin(sharded)))
    for words, fits in ((62, True), (63, False)):
        write_pair(sharded / "shard0", "valid", "en-fr", [[4] * words])
        task = NeuronspecTranslationTask(SimpleNamespace(plan=json.dumps(settings)))
        if fits:
            task.load_dataset("valid")
            continue
        with pytest.raises(UserError, match=r"^valid of en-fr, fr-en: no sentence has at most 64 positions"):
            task.load_dataset("valid")


def test_folders_of_a_data_bin() -> None:
    assert data_folders("bin") == ["bin"]
    assert data_folders("a/shard0:b/shard1") == ["a/shard0", "b/shard1"]
    assert [shard_of_epoch("a:b:c", epoch) for epoch in (1, 2, 3, 4, 8)] == ["a", "b", "c", "a", "b"]


def test_fingerprint(sharded: Path) -> None:
    """All shards enter by number, validation of the first alone; one folder keeps plain file names."""
    files = training_files(data_bin(sharded), ["de-en"])
    ends = [f"{lang}.{end}" for lang in ("de", "en") for end in ("bin", "idx")]
    expected = [f"shard{n}/train.de-en.{end}" for n in range(3) for end in ends]
    assert sorted(files) == sorted([*expected, *(f"shard0/valid.de-en.{end}" for end in ends)])
    one = fingerprint_of(plan(sharded, str(sharded / "bin")))["identity"]["data"]
    assert sorted(one) == sorted(
        f"{subset}.{pair}.{lang}.{end}"
        for subset in ("train", "valid")
        for pair in ("de-en", "en-fr")
        for lang in pair.split("-")
        for end in ("bin", "idx")
    )
    found = fingerprint_of(plan(sharded, data_bin(sharded)))["identity"]["data"]
    turned = ":".join(reversed(data_bin(sharded).split(":")))
    assert found != fingerprint_of(plan(sharded, turned))["identity"]["data"]


def check(world: Path) -> None:
    check_training_data(data_bin(world), list(DIRECTIONS), world / "dict.txt")


def test_what_fits_passes(sharded: Path) -> None:
    check(sharded)
    # The highest id of dict.txt's own symbols is 23.
    write_pair(sharded / "shard1", "train", "de-en", [[23]])
    check(sharded)


def test_a_missing_shard(sharded: Path) -> None:
    shutil.rmtree(sharded / "shard2")
    with pytest.raises(UserError, match=r"shard2: there is no such folder of binarised data$"):
        check(sharded)


def test_a_shard_of_other_languages(sharded: Path) -> None:
    for path in (sharded / "shard1").glob("train.en-fr.*"):
        path.rename(path.with_name(path.name.replace("fr", "cs")))
    with pytest.raises(UserError, match=r"shard1/train\.en-fr\.en\.bin is missing: direction en-fr"):
        check(sharded)


def test_a_shard_of_another_dictionary_by_its_record(sharded: Path) -> None:
    path = sharded / "shard1" / "train.de-en.en.json"
    path.write_text(json.dumps({"made_from": {"dictionary": sha256_of(sharded / "dict.txt")}}))
    check(sharded)
    path.write_text(json.dumps({"made_from": {"dictionary": "0" * 64}}))
    message = r"shard1/train\.de-en\.en\.bin was binarised with another dictionary than .*dict\.txt$"
    with pytest.raises(UserError, match=message):
        check(sharded)


def test_a_shard_of_a_larger_dictionary_by_its_ids(sharded: Path) -> None:
    """24 would be __en__: no text holds it."""
    write_pair(sharded / "shard2", "train", "en-fr", [[9, 24]])
    with pytest.raises(
        UserError, match=r"shard2/train\.en-fr\.en\.bin was binarised with another dictionary"
    ):
        check(sharded)


def test_sides_of_a_shard_that_differ_in_length(sharded: Path) -> None:
    write_pair(sharded / "shard1", "train", "de-en", [[4]], languages=("de",))
    with pytest.raises(UserError, match="shard1: train of de-en has 1 source but 2 target lines"):
        check(sharded)


def test_a_cut_index(sharded: Path) -> None:
    (sharded / "shard1" / "train.de-en.de.idx").write_bytes(b"MMIDIDX")
    with pytest.raises(UserError, match=r"train\.de-en\.de\.idx: not an index"):
        check(sharded)


def test_a_direction_without_lines_in_one_shard(sharded: Path) -> None:
    """It would end the training in the epoch that reads this shard."""
    write_pair(sharded / "shard1", "train", "en-fr", [])
    with pytest.raises(UserError, match=r"shard1: train of en-fr has no lines$"):
        check(sharded)


def test_a_record_of_something_else_is_not_asked(sharded: Path) -> None:
    (sharded / "shard1" / "train.de-en.en.json").write_text("{}")
    check(sharded)


def test_lines_of_sources_are_those_recorded_beside_the_data(sharded: Path) -> None:
    """Three, two and four lines of each pair: of de-en the first four are of the first source."""
    for number, lines in enumerate(([3, 0], [1, 1], [0, 4])):
        for side in ("de", "en"):
            record = sharded / f"shard{number}/train.de-en.{side}.json"
            record.write_text(json.dumps({"sources": lines}))
    weights = {"de-en": [2.0, 0.5], "en-fr": [0.5]}
    found = weighted_sources(data_bin(sharded), ["de-en", "fr-en"], weights)
    assert found == [
        {"de-en": [(3, 2.0), (0, 0.5)], "fr-en": [(3, 0.5)]},
        {"de-en": [(1, 2.0), (1, 0.5)], "fr-en": [(2, 0.5)]},
        {"de-en": [(0, 2.0), (4, 0.5)], "fr-en": [(4, 0.5)]},
    ]
    (sharded / "shard1/train.de-en.en.json").unlink()
    said = (
        r"shard1/train\.de-en\.en\.json: not the lines of 2 sources, which have weights for en-de; binarise"
    )
    with pytest.raises(UserError, match=said):
        weighted_sources(data_bin(sharded), ["en-de"], weights)


def test_a_task_weights_the_sources_of_the_shard_that_it_reads(sharded: Path) -> None:
    sources = [{"de-en": [[3, 1.0]]}, {"de-en": [[1, 3.0], [1, 1.0]]}, {"de-en": [[4, 1.0]]}]
    known = plan(sharded, data_bin(sharded))
    settings = {**known.settings, "source_weights": {"de-en": [3.0, 1.0]}}
    known = replace(known, settings=settings, directions=["de-en"], sources=sources)
    assert fingerprint_of(known)["identity"]["sources"] == sources
    task = NeuronspecTranslationTask(SimpleNamespace(plan=json.dumps(asdict(known))))
    # The second shard holds the words 7 and 8: the former weighs three times as much.
    assert words_of_epoch(task, 2) == [7, 7, 7, 8]
    assert words_of_epoch(task, 3) == [9, 10, 11, 12]


def test_without_weights_a_fingerprint_says_nothing_of_sources(sharded: Path) -> None:
    identity = fingerprint_of(plan(sharded, data_bin(sharded)))["identity"]
    assert not {"sources", "source_weights"} & set(identity)
