"""A tiny world for training tests: binarised copy data in three languages, a vocabulary, an architecture.

Languages `en`, `de`, `fr`; every direction copies the source. Words are `a` to `t`, one SentencePiece
piece each. Networks: 2 + 2 layers, dimension 16.
"""

import json

import numpy as np

from tests.training_settings import training_settings

LANGUAGES = ("en", "de", "fr")
DIRECTIONS = ("de-en", "en-de", "en-fr", "fr-en")
WORDS = 20
ARCHITECTURE = {
    "encoder_layers": 2, "decoder_layers": 2, "model_dim": 16, "ffn_dim": 24, "heads": 2, "pre_norm": True,
    "activation": "relu", "share_decoder_embeddings": True, "share_all_embeddings": False,
    "max_positions": 64, "dropout": 0.1, "attention_dropout": 0.0, "activation_dropout": 0.0,
}  # fmt: skip
SETTINGS = {
    "max_updates": 20, "max_tokens": 200, "lr": 5e-3, "warmup_updates": 5, "validate_interval_updates": 10,
    "log_interval": 5, "threads": 1,
}  # fmt: skip
#: An update in two batches, one for each of two processes.
HALVES = {"max_tokens": 100, "tokens_per_update": 200}
#: Sentences of each pair's training data.
TRAIN_SIZES = {"de-en": 120, "en-fr": 40}


def write_pair(folder, subset, pair, sentences, languages=()):
    """Write the sentences, without `</s>`, as both sides of a pair (or those of `languages`)."""
    import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip

    import torch
    from fairseq.data import indexed_dataset

    for language in languages or pair.split("-"):
        prefix = folder / f"{subset}.{pair}.{language}"
        builder = indexed_dataset.make_builder(f"{prefix}.bin", impl="mmap", vocab_size=WORDS + 4)
        for sentence in sentences:
            builder.add_item(torch.tensor([*sentence, 2]))
        builder.finalize(f"{prefix}.idx")


def write_world(root, seed=7):
    """Write `bin/`, `dict.txt` and `spm.model` (an opaque file) under `root`; return it."""
    import sentencepiece

    (root / "bin").mkdir(parents=True)
    words = [chr(ord("a") + number) for number in range(WORDS)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(words)] * 20), model_prefix=str(root / "spm"), model_type="word",
        vocab_size=WORDS + 3, minloglevel=2,
    )  # fmt: skip
    (root / "dict.txt").write_text("".join(f"\u2581{word} 1\n" for word in words), encoding="utf-8")
    rng = np.random.default_rng(seed)
    for subset in ("train", "valid"):
        for pair, size in TRAIN_SIZES.items():
            lengths = rng.integers(2, 9, size=size if subset == "train" else 12)
            sentences = [rng.integers(4, 4 + WORDS, size=length).tolist() for length in lengths]
            write_pair(root / "bin", subset, pair, sentences)
    return root


def baseline_arguments(world, folder, out, seed=1, **settings):
    """Return train_baseline's command line in the world; `settings` over SETTINGS."""
    return [
        f"--architecture={json.dumps(ARCHITECTURE)}",
        f"--settings={json.dumps(training_settings(**{**SETTINGS, **settings}))}",
        f"--data-bin={world / 'bin'}", "--directions", *DIRECTIONS, "--languages", *LANGUAGES,
        '--text={"normalize_punctuation": false, "moses": false}', f"--subwords={world / 'spm.model'}",
        f"--dictionary={world / 'dict.txt'}", f"--seed={seed}", f"--folder={folder}", f"--out={out}",
    ]  # fmt: skip


def finetune_arguments(world, parent, masks, folder, out, **settings):
    return [
        "--system=ns", f"--parent={parent}", *([f"--masks={masks}"] if masks else []),
        f"--settings={json.dumps(training_settings(**{'sampler': 'by_direction', **SETTINGS, **settings}))}",
        f"--data-bin={world / 'bin'}", "--directions", *DIRECTIONS, "--languages", *LANGUAGES, "--seed=3",
        f"--folder={folder}", f"--out={out}",
    ]  # fmt: skip
