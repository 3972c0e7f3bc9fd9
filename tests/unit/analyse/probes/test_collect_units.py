"""Values of words, of a small network: which state each word has, in which row, with which labels."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tests.unit.analyse.small_model import PIECES, write_system
from workflow_scripts.analyse.probes.collect_units import Wanted, main, start_of, word_means
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.analyse.unit_values import unit_values
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_text import LabelledLine, LabelledText, LabelledWord
from workflow_scripts.models.port import load
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

SMALL = Architecture(1, 1, 8, 6, 2)
#: Lines of pieces; words as (form, first piece, the one behind the last, part of speech).
TEXTS = {
    "en": [([0, 1, 2], [("ab", 0, 2, "NOUN"), ("c", 2, 3, "VERB")]), ([3, 4], [("de", 0, 2, None)])],
    "de": [([5, 6], [("x", 0, 1, "NOUN"), ("y", 1, 2, "VERB")]), ([7, 8, 9, 10], [("z", 1, 4, "NOUN")])],
}


def labelled(language):
    lines = [
        LabelledLine(number, [PIECES[piece] for piece in pieces],
                     [LabelledWord(form, a, b, {"upos": tag} if tag else {}) for form, a, b, tag in words])
        for number, (pieces, words) in enumerate(TEXTS[language])
    ]  # fmt: skip
    return LabelledText({"language": language}, lines)


@pytest.fixture
def folder(tmp_path):
    for language in TEXTS:
        labelled(language).write(tmp_path / f"test.{language}.jsonl")
    write_system(tmp_path / "system", SMALL)
    return tmp_path


def collected(folder, *more, stack="decoder", directions=("en-de",), targets=True, system="system"):
    words = ["--system", str(folder / system), "--directions", *directions, "--stack", stack]
    words += ["--sources", str(folder / "test.{source}.jsonl")]
    words += ["--targets", str(folder / "test.{target}.jsonl")] if targets else []
    main([*words, *more, "--out-values", str(folder / "v.npy"), "--out-words", str(folder / "w.json")])
    words = Words.read(folder / "w.json")
    return words, np.array(read_values(folder / "v.npy", words), dtype=np.float32)


def states(folder, stack, kinds=("ffn",)):
    """The values at each position of the two sentences of en-de, by line."""
    port = load(write_system(folder / "again", SMALL))
    pairs = [
        ([4 + piece for piece in TEXTS["en"][n][0]], [4 + piece for piece in TEXTS["de"][n][0]])
        for n in (0, 1)
    ]
    batches = port.batches(port.pairs("en-de", ("en", "de"), pairs), 4096)
    (found,) = unit_values(port, batches, port.space(kinds).part(stacks=[stack]))
    return {line: found.units[torch.from_numpy(found.lines == line)] for line in (0, 1)}


def test_rows_are_words_in_the_order_of_lines_with_their_labels(folder):
    words, values = collected(folder, stack="encoder")
    assert words.forms == ["ab", "c", "de"] and words.lines == [0, 0, 1] and words.places == [0, 1, 0]
    assert words.labels == {"upos": ["NOUN", "VERB", None]} and words.directions == ["en-de"] * 3
    at = states(folder, "encoder")
    # Position 0 is the tag: piece p is read at p + 1; a word has the state of its last piece.
    expected = torch.stack([at[0][2], at[0][3], at[1][2]])
    assert np.array_equal(values, expected.half().float())
    assert words.facts["sentences"] == {"en-de": 2} and words.facts["stack"] == "encoder"


def test_the_decoder_has_a_state_after_a_piece_and_one_before(folder):
    at = states(folder, "decoder")
    # </s> and the tag come first: piece p is read at p + 2. "z" is pieces 1 to 3 of its line.
    words, consumed = collected(folder)
    assert words.forms == ["x", "y", "z"]
    assert np.array_equal(consumed, torch.stack([at[0][2], at[0][3], at[1][5]]).half().float())
    _, predicting = collected(folder, "--state", "predicting")
    assert np.array_equal(predicting, torch.stack([at[0][1], at[0][2], at[1][4]]).half().float())
    # Before the first piece of a word nothing of it was read.
    _, before = collected(folder, "--state", "predicting", "--pieces", "first")
    assert np.array_equal(before[2], at[1][2].half().float())


def test_o14_aggregation_last_first_and_mean(folder):
    at = states(folder, "decoder", ("ffn", "resid"))
    for pieces, expected in (("last", at[1][5]), ("first", at[1][3]), ("mean", at[1][3:6].mean(dim=0))):
        _, values = collected(folder, "--pieces", pieces, "--units", "ffn", "resid")
        assert np.array_equal(values[2], expected.half().float()), pieces
    units = torch.tensor([[1.0], [2.0], [6.0]])
    assert word_means(units, [[0], [1, 2]]).tolist() == [[1.0], [4.0]]
    assert Wanted("first").positions([(1, 3)], 2) == [[3]]


def test_a_text_without_targets_gives_the_same_encoder(folder):
    _, with_targets = collected(folder, stack="encoder")
    _, alone = collected(folder, stack="encoder", targets=False)
    assert np.array_equal(with_targets, alone)


def test_several_directions_and_a_limit(folder):
    words, values = collected(folder, "--max-sentences", "1", stack="encoder", directions=("en-de", "de-en"))
    assert words.directions == ["en-de", "en-de", "de-en", "de-en"] and words.lines == [0] * 4
    assert values.shape == (4, 6)


def test_a_line_that_one_side_lacks_is_left_out(folder):
    text = labelled("de")
    LabelledText(text.facts, text.lines[1:]).write(folder / "test.de.jsonl")
    words, _ = collected(folder)
    assert words.lines == [1] and words.forms == ["z"]


def test_a_masked_system_is_read_under_the_masks_of_each_direction(folder):
    port = load(write_system(folder / "again", SMALL))
    space = port.space()
    keep = np.ones((2, space.size), dtype=np.bool_)
    keep[0, :3] = False  # of en-de: three neurons of the encoder are off
    write_system(folder / "masked", SMALL)
    sha = SystemFolder.read(folder / "masked").weights_sha256
    MaskTable(["en-de", "de-en"], keep, space, {"weights_sha256": sha, "gate": {"ffn": "zero"}}).write(
        folder / "masked" / "masks.npz"
    )
    SystemFolder.write(
        folder / "masked", system="ns", seed=1, languages=["en", "de", "fr"], text={},
        mask_rows={"en-de": "en-de", "de-en": "de-en"}, architecture=SMALL.to_dict(),
    )  # fmt: skip
    _, whole = collected(folder, stack="encoder", directions=("en-de", "de-en"))
    words, values = collected(folder, stack="encoder", directions=("en-de", "de-en"), system="masked")
    assert words.facts["system"] == "ns" and (whole[:3, :3] != 0).any()
    # Rows 0 to 2 are of en-de, the others of de-en, whose masks keep every unit.
    assert (values[:3, :3] == 0).all() and np.array_equal(values[3:], whole[3:])


def test_what_is_refused(folder):
    with pytest.raises(UserError, match="--state predicting: the encoder predicts nothing"):
        collected(folder, "--state", "predicting", stack="encoder")
    with pytest.raises(UserError, match="--targets: the decoder reads them"):
        collected(folder, targets=False)
    with pytest.raises(UserError, match=r"test\.fr\.jsonl: no such file, for en-fr"):
        collected(folder, directions=("en-fr",))
    with pytest.raises(UserError, match="--directions: en-de is named twice"):
        collected(folder, directions=("en-de", "en-de"))
    LabelledText({}, [LabelledLine(0, ["p1"], [])]).write(folder / "test.en.jsonl")
    with pytest.raises(UserError, match="no labelled word; more sentences, or other labels"):
        collected(folder, stack="encoder", targets=False)
    LabelledText({"subwords_sha256": "0" * 64}, labelled("en").lines).write(folder / "test.en.jsonl")
    with pytest.raises(
        UserError, match=r"en\.jsonl: words in pieces of another subword model than .*spm\.model;"
    ):
        collected(folder, stack="encoder", targets=False)
    with pytest.raises(RuntimeError, match=r"reads \[9, 4, 2\], in which the pieces \[5\] are not"):
        start_of([9, 4, 2], [5])


def test_files_that_do_not_belong_together(folder):
    words, values = collected(folder)
    np.save(folder / "v.npy", values[:2].astype(np.float16))
    with pytest.raises(UserError, match=r"float16 \[2, 6\], but its words are 3 and its units 6"):
        read_values(folder / "v.npy", words)
    (folder / "v.npy").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"v\.npy: not an array"):
        read_values(folder / "v.npy", words)
    (folder / "w.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(UserError, match=r"w\.json: not words of units' values"):
        Words.read(folder / "w.json")


def test_values_beyond_float16_are_refused(folder):
    from workflow_scripts.analyse.probes.collect_units import Rows

    with (folder / "x.npy").open("wb") as handle, pytest.raises(UserError, match="7e\\+04 is beyond float16"):
        Rows(handle, 1, 1).write(0, torch.tensor([[70000.0]]))
