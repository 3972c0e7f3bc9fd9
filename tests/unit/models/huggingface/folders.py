"""Folders of tiny models with tokenizers of invented words, in the form that hubs have them."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import sentencepiece
import transformers

from tests.unit.models.huggingface.tiny import tiny
from workflow_scripts.models.huggingface.system import make_system
from workflow_scripts.units.system import SystemFolder

SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
#: Tags of German, English and French in each family that has some; Marian's and T5's are of the target alone.
TAGS = {
    "marian": {"de": ">>deu<<", "en": ">>eng<<", "fr": ">>fra<<"},
    "m2m": {"de": "__de__", "en": "__en__", "fr": "__fr__"},
    "nllb": {"de": "deu_Latn", "en": "eng_Latn", "fr": "fra_Latn"},
    "mbart": {"de": "de_DE", "en": "en_XX", "fr": "fr_XX"},
    "t5": {},
    "t5-gated": {"de": "<2de>", "en": "<2en>", "fr": "<2fr>"},
    "mt5": {},
}
DIRECTIONS = ("en-de", "en-fr")
#: Cases with a folder of their own; NLLB's model is M2M-100's.
FOLDERS = tuple(TAGS)


def sentences(count: int, seed: int = 1) -> list[str]:
    """Return sentences of 1 to 9 invented words."""
    draw = random.Random(seed)
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(120)]
    return [" ".join(draw.choices(words, k=draw.randint(1, 9))) for _ in range(count)]


def subwords(folder: Path, name: str, **more: Any) -> Path:
    """Train a SentencePiece model of 120 pieces."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(300)),
        model_prefix=str(folder / name),
        vocab_size=120,
        minloglevel=2,
        **more,
    )
    return folder / f"{name}.model"


def pieces_of(model: Path) -> list[str]:
    """Return its pieces without control symbols."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return [processor.id_to_piece(one) for one in range(len(processor)) if not processor.is_control(one)]


def tokenizer_files(case: str, folder: Path) -> None:
    """Write a case's tokenizer as hubs have it."""
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {}
    tags = list(TAGS[case].values())
    if case == "marian":
        shutil.copy(subwords(folder, "source"), folder / "source.spm")
        shutil.move(folder / "source.model", folder / "target.spm")
        pieces = [one for one in pieces_of(folder / "source.spm") if one != "<unk>"]
        vocabulary = ["</s>", "<unk>", *pieces, *tags, "<pad>"]
        settings = {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de"}
    elif case == "m2m":
        model = subwords(folder, "m")
        vocabulary = ["<s>", "<pad>", "</s>", "<unk>"] + [one for one in pieces_of(model) if one != "<unk>"]
        model.rename(folder / "sentencepiece.bpe.model")
        settings = {"tokenizer_class": "M2M100Tokenizer", "src_lang": "en", "tgt_lang": "de"}
    elif case == "nllb":
        subwords(folder, "b", model_type="bpe").rename(folder / "sentencepiece.bpe.model")
        (folder / "config.json").write_text('{"model_type": "m2m_100"}')
        _settings(folder, {"tokenizer_class": "NllbTokenizer"})
        made = transformers.AutoTokenizer.from_pretrained(str(folder))
        made.add_special_tokens({"extra_special_tokens": tags})
        for file in folder.iterdir():
            file.unlink()
        made.save_pretrained(folder)
        return
    elif case == "mbart":
        model = subwords(folder, "m", bos_id=0, pad_id=1, eos_id=2, unk_id=3)
        model.rename(folder / "sentencepiece.bpe.model")
        settings = {"tokenizer_class": "MBart50Tokenizer", "src_lang": "en_XX", "tgt_lang": "de_DE"}
    else:
        extra = {"user_defined_symbols": tags} if tags else {}
        model = subwords(folder, "m", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, **extra)
        model.rename(folder / "spiece.model")
        settings = {"tokenizer_class": "T5Tokenizer"}
    if case in ("marian", "m2m"):
        numbered = {piece: number for number, piece in enumerate(vocabulary)}
        (folder / "vocab.json").write_text(json.dumps(numbered))
    _settings(folder, settings)
    for rest in folder.glob("*.vocab"):
        rest.unlink()


def _settings(folder: Path, settings: dict[str, Any]) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def model_folder(case: str, folder: Path, **more: Any) -> Path:
    """Write a tiny model with its tokenizer; ``more``: of its configuration."""
    tokenizer_files(case, folder)
    size = {"marian": 125, "m2m": 240, "nllb": 125, "mbart": 180}.get(case, 224)
    if case == "marian":
        size = len(json.loads((folder / "vocab.json").read_text()))
        more = {"pad_token_id": size - 1, "decoder_start_token_id": size - 1, **more}
    kind = {"nllb": "m2m"}.get(case, case)
    tiny(kind, vocab_size=size, **more).save_pretrained(folder)
    return folder


def system_of(case: str, folder: Path, out: Path) -> SystemFolder:
    """Make a system of a case's folder."""
    return make_system(
        folder, out, system=case, languages=["de", "en", "fr"], directions=DIRECTIONS, tags=TAGS[case]
    )
