"""Probes of words on language models: planted language units are found, and the same probes, of the same
words, run on the encoder of a translation model."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from tests.unit.models.huggingface.causal.planted import (
    LANGUAGES,
    PLANTED,
    planted_system,
    planted_units,
)
from tests.unit.models.huggingface.folders import TAGS, sentences
from workflow_scripts.analyse.probes.collect_words import collect_words, part_of_words
from workflow_scripts.analyse.probes.fit_probes import probed
from workflow_scripts.analyse.probes.run import Settings
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.causal.system import make_system
from workflow_scripts.models.huggingface.system import make_system as make_translating
from workflow_scripts.models.huggingface.tokens import pieces_of
from workflow_scripts.models.port import load

SETTINGS = Settings(
    l1=[0.03], l2=[0.01], seeds=[1], percents=[10.0], controls=0, agreement=False, redundancy=False
)


def probes_of(port, name, given, stack, folder: Path, label: str, system: str):
    out = folder / f"{system}.npy", folder / f"{system}.json"
    space = port.space(["ffn"]).part(stacks=[stack])
    words = collect_words(port, given, space, *out, system=system, name=name)
    values = read_values(out[0], words)
    report, scores = probed(values, words, label, SETTINGS, seed=1, fewest=10, most=3, folder=folder)
    return words, report, scores


def test_the_planted_units_are_the_most_salient_of_their_languages(tmp_path):
    system = planted_system("llama", tmp_path)
    given = [
        [(word, {"tongue": language}) for word in line.split()]
        for language in LANGUAGES
        for line in (tmp_path / f"valid/{language}.txt").read_text().splitlines()
    ]
    port = load(system, "cpu")
    words, report, scores = probes_of(port, "de", given, "decoder", tmp_path, "tongue", "lm")
    assert words.facts["stack"] == "decoder" and len(words) == sum(map(len, given))
    assert report["summary"]["accuracy"] == 1.0 and scores.rows == LANGUAGES
    # The last word has no next token, and its units all the same.
    assert words.forms[: len(given[0])] == [word for word, _ in given[0]]
    for language, mine in planted_units().items():
        salient = np.argsort(-scores.values[scores.rows.index(language)])[:PLANTED]
        assert np.concatenate([mine, mine])[salient].all(), language


@pytest.mark.parametrize("case", ["nllb", "m2m"])
def test_the_same_probes_on_a_translation_model_and_a_language_model(case, folders, causal_folders, tmp_path):
    """Words of one text with the same labels, of which both know what they read."""
    draw = random.Random(4)
    first = list(dict.fromkeys(word for line in sentences(9) for word in line.split()))[:4]
    label = {word: {"class": "ab"[number % 2]} for number, word in enumerate(first)}
    given = [[(word, label[word]) for word in draw.choices(first, k=6)] for _ in range(30)]
    translating = make_translating(
        folders[case],
        tmp_path / "nmt",
        system="nmt",
        languages=["de", "en"],
        directions=["de-en"],
        tags=TAGS[case],
    )
    reading = make_system(causal_folders["llama"], tmp_path / "lm", system="lm", languages=["de"])
    nmt = probes_of(load(translating, "cpu"), "de-en", given, "encoder", tmp_path, "class", "nmt")
    lm = probes_of(load(reading, "cpu"), "de", given, "decoder", tmp_path, "class", "lm")
    for one in ("forms", "lines", "places", "labels"):
        assert getattr(nmt[0], one) == getattr(lm[0], one)
    for words, report, scores in (nmt, lm):
        assert report["summary"]["accuracy"] > 0.9 > report["summary"]["majority"] + 0.2
        assert set(scores.space.keys) == {f"{words.facts['stack']}.{layer}.ffn" for layer in (0, 1)}
    # Both were split by the same sentences.
    assert nmt[1]["summary"]["majority"] == lm[1]["summary"]["majority"]
    assert Words.read(tmp_path / "lm.json") == lm[0]


def test_a_class_without_offsets_cuts_each_word_alone(ports):
    """M2M-100's tokenizer gives no offsets; a text that it cuts otherwise than its words is refused."""
    port = ports["m2m"]
    part = part_of_words(port, "de-en", [[("bada", {}), ("fu", {})]], 8)
    (batch,) = part.batches
    assert batch.source[0].tolist() == [port.text._tags["de"], *part.ids[0], port.text.end]
    with pytest.raises(UserError, match="its tokenizer has no piece for the word ' '"):
        port.pieces(["bada", " "])
    tokenizer = port.text._tokenizer

    class Other:
        is_fast = False

        def __call__(self, text, **options):
            return tokenizer(text if isinstance(text, list) else text.replace(" ", ""), **options)

    with pytest.raises(UserError, match="m: its tokenizer cuts words of 'bada fu' otherwise than each alone"):
        pieces_of(Other(), ["bada", "fu"], Path("m"))
