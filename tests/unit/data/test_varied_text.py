"""Text made of text: samples keep pairs together, shuffling keeps words, random subwords keep lengths."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data import randomise_tokens, vary_text
from workflow_scripts.data.mmap_format import MmapReader, write_dataset
from workflow_scripts.data.randomise_tokens import pieces_of_text
from workflow_scripts.units.vocabulary import EOS, Vocabulary

GERMAN = [f"d{number} wort {number}" for number in range(8)]
ENGLISH = [f"e{number} word {number}" for number in range(8)]


def varied(folder: Path, name: str, *options: str, pair: str = "de-en") -> tuple[list[str], list[str], dict]:
    """Both sides after it, and the statistics."""
    for lang, lines in zip(pair.split("-"), (GERMAN, ENGLISH), strict=True):
        (folder / f"{lang}.txt").write_text("".join(f"{line}\n" for line in lines))
    one, two = pair.split("-")
    out = [folder / f"{name}.{lang}.txt" for lang in (one, two)]
    files = [str(folder / f"{lang}.txt") for lang in (one, two)]
    words = ["--name", name, "--pair", pair, "--files", *files, "--out", *map(str, out)]
    vary_text.main([*words, "--stats", str(folder / "stats.json"), *options])
    sides = [file.read_text().splitlines() for file in out]
    return sides[0], sides[1], json.loads((folder / "stats.json").read_text())


def test_the_first_sentences(tmp_path):
    german, english, said = varied(tmp_path, "few", "--first", "3")
    assert (german, english) == (GERMAN[:3], ENGLISH[:3])
    assert said["sentences"] == 3
    with pytest.raises(UserError, match=r"de\.txt: 8 sentences, fewer than the first 9 asked for"):
        varied(tmp_path, "few", "--first", "9")


def test_a_bootstrap_sample_keeps_sentences_of_a_pair_together(tmp_path):
    german, english, said = varied(tmp_path, "boot-1", "--bootstrap")
    drawn = [GERMAN.index(line) for line in german]
    assert english == [ENGLISH[number] for number in drawn]
    assert len(drawn) == 8 and len(set(drawn)) == said["different_sentences"] < 8
    # By the name alone: another pair with as many sentences has the same sample, another name another one.
    again, _, _ = varied(tmp_path, "boot-1", "--bootstrap", pair="fr-en")
    other, _, _ = varied(tmp_path, "boot-2", "--bootstrap")
    assert [GERMAN.index(line) for line in again] == drawn
    assert [GERMAN.index(line) for line in other] != drawn


def test_shuffled_words_are_the_same_words_of_the_same_sentence(tmp_path):
    german, english, said = varied(tmp_path, "noise", "--change", "shuffled_words", "--languages", "de")
    assert [sorted(line.split()) for line in german] == [sorted(line.split()) for line in GERMAN]
    assert english == ENGLISH
    changed = sum(one != two for one, two in zip(german, GERMAN, strict=True))
    assert changed > 0
    assert said["languages"] == {"de": {"changed_lines": changed}, "en": {"changed_lines": 0}}


def test_sides_of_unequal_length_are_refused(tmp_path):
    (tmp_path / "a").write_text("x\n")
    (tmp_path / "b").write_text("x\ny\n")
    files = [str(tmp_path / name) for name in "ab"]
    words = ["--name", "n", "--pair", "de-en", "--files", *files, "--out", *files, "--stats", files[0]]
    with pytest.raises(UserError, match=": 1 and 2 lines; prepare the text again"):
        vary_text.main([*words, "--bootstrap"])


SYMBOLS = ["▁a", "b", "c", "__de__", "<mask>", "madeupword0000", "<0xC3>", "d"]


def test_pieces_that_can_be_drawn_are_those_of_text():
    # Ids 0 to 3 are specials; then SYMBOLS.
    assert pieces_of_text(Vocabulary(SYMBOLS)).tolist() == [4, 5, 6, 11]
    with pytest.raises(UserError, match="no piece of text"):
        pieces_of_text(Vocabulary(["__de__"]))


@pytest.mark.parametrize("languages", [[], ["--languages", "de"], ["--languages", "en"]])
def test_random_subwords_keep_the_length_of_every_sentence(tmp_path, languages):
    dictionary = tmp_path / "dict.txt"
    dictionary.write_text("".join(f"{symbol} 1\n" for symbol in SYMBOLS))
    before = [[4] * 40 + [EOS], [EOS], [3, 5, EOS]]
    write_dataset(tmp_path / "few.de-en.de", before, 12)
    words = ["--name", "noise", "--bin-prefix", str(tmp_path / "few.de-en.de"), "--lang", "de", *languages]
    words += ["--dictionary", str(dictionary), "--out-prefix", str(tmp_path / "noise.de-en.de")]
    randomise_tokens.main([*words, "--stats", str(tmp_path / "stats.json")])
    after = [sentence.tolist() for sentence in MmapReader(tmp_path / "noise.de-en.de")]
    said = json.loads((tmp_path / "stats.json").read_text())
    assert (said["sentences"], said["tokens"]) == (3, 42)
    if languages[1:] == ["en"]:
        assert (after, said["change"]) == (before, None)
        return
    assert [len(sentence) for sentence in after] == [41, 1, 3]
    assert [sentence[-1] for sentence in after] == [EOS] * 3
    drawn = np.concatenate([sentence[:-1] for sentence in after]).astype(int)
    assert set(drawn) == {4, 5, 6, 11}  # 42 draws of four: none is missing, and neither unknown nor special
