"""Out of memory, in the allocator's own words: the attempt fails, the next one takes smaller batches."""

import json

import pytest
import torch

from tests.training.interrupted import same_weights
from tests.training.several import begin, clean_environment
from tests.training.toy_world import ARCHITECTURE, baseline_arguments
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask
from workflow_scripts.models.training.memory import is_out_of_memory
from workflow_scripts.train import train_baseline
from workflow_scripts.train.history import History
from workflow_scripts.train.out_of_memory import max_tokens_after
from workflow_scripts.train.train_baseline import main

TOO_MUCH = 2**50


def allocate(*_, **__):
    torch.empty(TOO_MUCH, dtype=torch.uint8)


def gpu_out_of_memory(*_, **__):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1024.00 TiB.")


def test_the_allocators_own_words_are_known():
    with pytest.raises(RuntimeError) as caught:
        allocate()
    assert "out of memory" not in str(caught.value)  # fairseq's test of it, which misses this one
    assert is_out_of_memory(caught.value)
    with pytest.raises(torch.OutOfMemoryError) as gpu:
        gpu_out_of_memory()
    assert is_out_of_memory(gpu.value)
    assert is_out_of_memory(MemoryError())
    with pytest.raises(RuntimeError) as other:
        torch.ones(2) @ torch.ones(3)
    assert not is_out_of_memory(other.value)


SETTINGS = {"max_tokens": 4800, "tokens_per_update": 9600}


def attempts(*sizes, device="cpu", outcome="out of memory"):
    return [{"outcome": outcome, "devices": [device], "execution": {"max_tokens": size}} for size in sizes]


@pytest.mark.parametrize(
    ("before", "longest", "expected"),
    [
        ([], 256, 4800),
        (attempts(4800), 256, 2400),
        (attempts(4800, 2400), 256, 1200),
        # A part of 9600 with at most 150 tokens that holds 128: 137 would not divide it.
        (attempts(300), 128, 150),
        (attempts(4800, 2400, 1200, 600, 300), 128, 150),
        # Nothing from 151 to 150: as before, since something else may have taken the memory.
        (attempts(4800, 2400, 1200, 600, 300), 151, 300),
        (attempts(4800, device="NVIDIA A100"), 256, 4800),
        (attempts(4800, outcome="killed"), 256, 4800),
        # Asked for less since.
        (attempts(9600), 256, 4800),
    ],
)
def test_the_next_size(before, longest, expected):
    assert max_tokens_after(SETTINGS, longest, {"cpu"}, before) == expected


def test_the_kind_of_device_counts_not_how_many():
    """Half the tokens are twice the batches, which can be shared out to twice the GPUs."""
    before = attempts(4800, device="A") + attempts(2400, device="A") + attempts(1200, device="B")
    before[1]["devices"] = ["A", "A"]
    assert max_tokens_after(SETTINGS, 256, {"A"}, before) == 1200


def test_parts_of_an_update_are_equal_among_processes():
    """Of 9,600 tokens each of three processes has 3,200: half of 3,200 is 1,600; 2,400 does not divide it."""
    assert max_tokens_after({**SETTINGS, "max_tokens": 3200}, 256, {"cpu"}, attempts(3200), 3) == 1600
    assert max_tokens_after(SETTINGS, 256, {"cpu"}, attempts(4800), 3) == 1600


def test_parts_of_an_update_are_equal():
    """Of 1,000 tokens: 500 is half of 1,000; half of 125 is 62, and 50 is the next that divides 1,000."""
    settings = {"max_tokens": 1000, "tokens_per_update": 1000}
    assert max_tokens_after(settings, 10, {"cpu"}, attempts(1000)) == 500
    assert max_tokens_after(settings, 10, {"cpu"}, attempts(1000, 500, 250, 125)) == 50


@pytest.mark.parametrize("full", [allocate, gpu_out_of_memory])
def test_an_attempt_fails_and_the_next_takes_half(
    world, tmp_path, monkeypatch, capsys, full, folder, arguments
):
    """Batches of more than 100 tokens do not fit: the same training as with two of 100 from the start."""
    plain = NeuronspecTranslationTask.train_step

    def small_memory(self, sample, *rest, **named):
        if sample["target"].numel() > 100:
            full()
        return plain(self, sample, *rest, **named)

    line = rf"^{folder}: out of memory with max_tokens 200; the next attempt takes 100 and"
    with monkeypatch.context() as patch:
        patch.setattr(NeuronspecTranslationTask, "train_step", small_memory)
        with pytest.raises(UserError, match=line):
            main(arguments)
        assert not (folder / "crash.pt").exists()
        capsys.readouterr()
        main(arguments)
    assert "max_tokens 100 x 2 in place of 200 x 1, the same update of 200 tokens" in capsys.readouterr().err
    found = History(folder).read()["attempts"]
    assert [(one["outcome"], one["execution"]["max_tokens"]) for one in found] == [
        ("out of memory", 200),
        ("finished", 100),
    ]
    training = read_json(tmp_path / "out" / "system.json")["training"]
    assert (training["attempts"], training["max_tokens"]) == (2, 100)
    halves = {"max_tokens": 100, "tokens_per_update": 200}
    main(baseline_arguments(world, tmp_path / "halves", tmp_path / "straight", **halves))
    assert same_weights(tmp_path / "out", tmp_path / "straight")
    main(arguments)  # still the same training, finished
    assert len(History(folder).read()["attempts"]) == 2


#: A device that holds batches of so many tokens.
SMALL_DEVICE = """
import torch
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask

plain, holds = NeuronspecTranslationTask.train_step, {holds}

def small_memory(self, sample, *rest, **named):
    if holds < 0:
        raise ValueError("something else")
    if sample["target"].numel() > holds:
        torch.empty(2**50, dtype=torch.uint8)
    return plain(self, sample, *rest, **named)

NeuronspecTranslationTask.train_step = small_memory
print("begun", flush=True)
"""


@pytest.mark.parametrize(
    ("holds", "sizes", "said"),
    [
        (50, [200, 100, 50], "exported update 20"),
        # Sentences are longer than a smaller batch.
        (10, [100, 50], "max_tokens 50, and a smaller batch of it would not hold the longest"),
        (-1, [200], "something else"),
    ],
)
def test_the_program_starts_itself_anew_until_it_fits(world, tmp_path, holds, sizes, said):
    """Half of 50 would not hold a sentence of 32 tokens. Forked is the first alone: it becomes the others."""
    patch, log = tmp_path / "small_device.py", tmp_path / "said"
    patch.write_text(SMALL_DEVICE.format(holds=holds))
    architecture = json.dumps({**ARCHITECTURE, "max_positions": 32})
    arguments = baseline_arguments(
        world, tmp_path / "folder", tmp_path / "out", data_workers=1, max_tokens=sizes[0]
    )
    arguments[0] = f"--architecture={architecture}"
    process = begin(train_baseline.__name__, arguments, clean_environment(), patch, log)
    try:
        status = process.wait()
    finally:
        process.kill()
    output = log.read_text()
    assert said in output
    assert (status == 0) == (holds == 50)
    found = History(tmp_path / "folder").read()["attempts"]
    assert [one["execution"]["max_tokens"] for one in found] == sizes
    assert output.count("begun") == len(sizes)
    assert output.count("; starting again") == len(sizes) - 1
    assert not (tmp_path / "folder" / "owner.json").exists()


def test_nothing_smaller_would_hold_the_longest_sentence(world, tmp_path, monkeypatch):
    """max_positions is 64: 100 tokens can be halved no more."""
    monkeypatch.setattr(NeuronspecTranslationTask, "train_step", allocate)
    arguments = baseline_arguments(
        world, tmp_path / "folder", tmp_path / "out", max_tokens=100, tokens_per_update=200
    )
    for _ in range(2):
        with pytest.raises(
            UserError, match=r"max_tokens 100, .* \(64 tokens\); take a device with more memory"
        ):
            main(arguments)


def test_validation_fails_too_and_is_not_tried_twice(world, tmp_path, monkeypatch):
    """fairseq frees the gradients and tries again, and what it then validates with is not what it trained."""
    calls = []

    def full(*_, **__):
        calls.append(1)
        gpu_out_of_memory()

    monkeypatch.setattr(NeuronspecTranslationTask, "valid_step", full)
    with pytest.raises(UserError, match="out of memory with max_tokens 200"):
        main(baseline_arguments(world, tmp_path / "folder", tmp_path / "out"))
    assert calls == [1]


def test_sentences_that_only_small_batches_leave_out_are_another_training(world, tmp_path, folder):
    """Batches of 8 tokens hold no longer sentences: smaller ones than asked for must not go on from it."""
    options = {"max_tokens": 8, "tokens_per_update": 200, "max_updates": 2, "warmup_updates": 2}
    main(baseline_arguments(world, folder, tmp_path / "out", **options))
    assert read_json(folder / "fingerprint.json")["identity"]["longest_sentence"] == 8
    main(baseline_arguments(world, folder, tmp_path / "out", **{**options, "max_tokens": 10}))
    assert (tmp_path / "folder.replaced-1").exists()
    main(baseline_arguments(world, folder, tmp_path / "out", **{**options, "max_tokens": 100}))
    assert (tmp_path / "folder.replaced-2").exists()
    assert "longest_sentence" not in read_json(folder / "fingerprint.json")["identity"]
