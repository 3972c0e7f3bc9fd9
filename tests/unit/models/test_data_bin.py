"""Binarised data by either name of a pair, as fairseq-preprocess writes and fairseq reads it."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.malformed import tiny
from workflow_scripts.activations import count_activations
from workflow_scripts.common.errors import UserError
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.data_bin import (
    check_dictionaries_beside,
    data_files,
    side_prefixes,
)
from workflow_scripts.models.fairseq.shards import check_training_data, training_files
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.vocabulary import Vocabulary


def put(folder: Path, name: str, *sentences: list[int]) -> None:
    """Write one side, each sentence with `</s>`."""
    folder.mkdir(exist_ok=True)
    write_dataset(str(folder / name), iter(np.array([*ids, 2]) for ids in sentences), 42)


@pytest.mark.parametrize("pair", ["de-en", "en-de"])
def test_either_name_of_a_pair_is_found_for_either_direction(pair: str, tmp_path: Path) -> None:
    for side in ("de", "en"):
        put(tmp_path, f"train.{pair}.{side}", [4, 5])
        put(tmp_path, f"valid.{pair}.{side}", [4, 5])
    german, english = (str(tmp_path / f"valid.{pair}.{side}") for side in ("de", "en"))
    assert side_prefixes(tmp_path, "valid", "de-en") == [german, english]
    assert side_prefixes(tmp_path, "valid", "en-de") == [english, german]
    (tmp_path / "dict.txt").write_text("a 1\nb 1\n")
    assert len(training_files(tmp_path, ["de-en", "en-de"])) == 8
    check_training_data(tmp_path, ["de-en", "en-de"], tmp_path / "dict.txt")


def test_codes_with_hyphens_are_found_too(tmp_path: Path) -> None:
    for side in ("en", "pt-BR"):
        put(tmp_path, f"valid.en-pt-BR.{side}", [4])
    wanted = [str(tmp_path / f"valid.en-pt-BR.{side}") for side in ("pt-BR", "en")]
    assert side_prefixes(tmp_path, "valid", "pt_BR-en") == wanted


def test_counts_are_the_same_by_either_name(tmp_path: Path) -> None:
    tiny.system(tmp_path)
    for pair in ("de-en", "en-de"):
        put(tmp_path / pair, f"valid.{pair}.de", [4, 5], [6, 7, 8])
        put(tmp_path / pair, f"valid.{pair}.en", [9], [5, 4])
        words = ["--system", f"{tmp_path}/system", "--data-bin", f"{tmp_path}/{pair}", "--subset", "valid"]
        count_activations.main([*words, "--directions", "en-de", "--out-root", f"{tmp_path}/counts/{pair}"])
    ours, theirs = (ScoreTable.read(tmp_path / f"counts/{pair}/en-de.npz") for pair in ("de-en", "en-de"))
    assert ours.row("en-de").any()
    assert np.array_equal(ours.row("en-de"), theirs.row("en-de"))
    assert ours.metadata == theirs.metadata


def test_both_names_must_hold_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for pair in ("de-en", "en-de"):
        for side in ("de", "en"):
            put(tmp_path, f"valid.{pair}.{side}", [4, 5])
    for _ in range(2):
        assert data_files(tmp_path, "valid", "en-de")[0] == tmp_path / "valid.de-en.en.bin"
    assert caplog.text.count("valid.en-de.en.* are the same as ") == 1
    other = tmp_path / "other"
    shutil.copytree(tmp_path, other)
    put(other, "valid.en-de.en", [4, 6])
    with pytest.raises(UserError) as error:
        data_files(other, "valid", "de-en")
    assert str(error.value) == (
        f"{other}: valid of de-en is there twice, as valid.de-en.de.* and valid.en-de.de.*, and they differ:"
        " delete the wrong ones"
    )


def test_what_is_begun_names_what_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "valid.en-de.en", [4])
    with pytest.raises(
        UserError, match=r"valid\.en-de\.de\.bin is missing: direction en-de has no binarised"
    ):
        data_files(tmp_path, "valid", "en-de")
    with pytest.raises(
        UserError, match=r"train\.de-en\.en\.bin is missing: direction en-de has no binarised"
    ):
        data_files(tmp_path, "train", "en-de")


def test_dictionaries_beside_must_be_the_one_in_use(tmp_path: Path) -> None:
    vocabulary = Vocabulary(["a", "b", "c"])
    assert not check_dictionaries_beside(tmp_path, "de-en", vocabulary)
    # With --joined-dictionary both are the same; fillers bring the number of symbols to a multiple of 8.
    for language in ("de", "en"):
        (tmp_path / f"dict.{language}.txt").write_text("a 9\nb 5\nc 5\nmadeupword0000 0\n")
    assert check_dictionaries_beside(tmp_path, "de-en", vocabulary)
    (tmp_path / "dict.en.txt").write_text("a 9\nc 5\nb 5\n")
    with pytest.raises(UserError) as error:
        check_dictionaries_beside(tmp_path, "en-de", vocabulary)
    said = "line 2: 'c', where the dictionary in use has 'b': the data were binarised with another one"
    assert str(error.value) == f"{tmp_path}/dict.en.txt, {said}"
    for name in ("train", "valid"):
        for side in ("de", "en"):
            put(tmp_path, f"{name}.en-de.{side}", [4, 5])
    (tmp_path / "dict.txt").write_text("a 1\nb 1\nc 1\n")
    with pytest.raises(UserError, match=r"dict\.en\.txt, line 2"):
        check_training_data(tmp_path, ["de-en"], tmp_path / "dict.txt")


def test_one_dictionary_for_all_languages_must_be_the_one_in_use_too(tmp_path: Path) -> None:
    vocabulary = Vocabulary(["a", "b", "c"])
    (tmp_path / "dict.txt").write_text("a 9\nb 5\nc 5\n__de__ 1\n")
    assert check_dictionaries_beside(tmp_path, "de-en", vocabulary)
    (tmp_path / "dict.txt").write_text("b 9\na 5\nc 5\n")
    with pytest.raises(UserError, match=r"/dict\.txt, line 1: 'b', where the dictionary in use has 'a'"):
        check_dictionaries_beside(tmp_path, "de-en", vocabulary)
    # Beside those of the languages it is none that fairseq reads.
    for language in ("de", "en"):
        (tmp_path / f"dict.{language}.txt").write_text("a 9\nb 5\nc 5\n")
    assert check_dictionaries_beside(tmp_path, "de-en", vocabulary)


def test_data_of_fairseqs_raw_form_are_told(tmp_path: Path) -> None:
    (tmp_path / "valid.en-de.de").write_text("a b\n")
    with pytest.raises(UserError) as error:
        data_files(tmp_path, "valid", "de-en")
    said = "valid.en-de.de is of fairseq's raw form: binarise the text with --dataset-impl mmap"
    missing = f"{tmp_path}/valid.de-en.de.bin is missing: direction de-en has no binarised valid data"
    assert str(error.value) == f"{missing}; {said}"


def test_other_subsets_of_the_pair_are_named(tmp_path: Path) -> None:
    for name in ("valid1.en-de", "test.en-de", "train.de-fr"):
        put(tmp_path, f"{name}.de", [4])
    with pytest.raises(UserError, match=r"no binarised valid data; of the pair it has test, valid1$"):
        data_files(tmp_path, "valid", "de-en")
    for pair in ("de-fr", "de-nl"):
        put(tmp_path, f"valid.{pair}.de", [4])
    with pytest.raises(UserError, match=r"no binarised valid data; there is valid of de-fr, de-nl$"):
        data_files(tmp_path, "valid", "cs-en")
