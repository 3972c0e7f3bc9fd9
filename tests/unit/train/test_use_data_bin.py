"""Binarised text of fairseq-preprocess is linked under our names; a line for each mistake."""

from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.train.use_data_bin import main

DICTIONARY = "a 1\nb 1\n"


def preprocess(folder: Path, name: str, sides: tuple[str, str], subsets: tuple[str, ...]) -> None:
    """Write a pair as fairseq-preprocess does, with a dictionary of each language beside it."""
    folder.mkdir(exist_ok=True)
    for side in sides:
        (folder / f"dict.{side}.txt").write_text(DICTIONARY)
        for subset in subsets:
            write_dataset(folder / f"{subset}.{name}.{side}", [[4, 5, 2], [5, 2]], 6)


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dict.txt").write_text(DICTIONARY)
    for shard in ("s0", "s1"):
        preprocess(
            tmp_path / shard, "en-de", ("en", "de"), ("train", "valid") if shard == "s0" else ("train",)
        )
    return tmp_path


def use(data_bin: str, *directions: str) -> None:
    main(["--data-bin", data_bin, "--dictionary", "dict.txt", "--out", "bin", "--directions", *directions])


def links(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): str(path.readlink().relative_to(folder.parent))
        for path in sorted(folder.rglob("*.*"))
    }


def test_the_names_of_a_pair_are_by_the_alphabet(theirs):
    use("s0", "de-en", "en-de")
    assert links(theirs / "bin") == {
        f"{subset}.de-en.{side}.{end}": f"s0/{subset}.en-de.{side}.{end}"
        for subset in ("train", "valid")
        for side in ("de", "en")
        for end in ("bin", "idx")
    }
    assert (theirs / "bin/train.de-en.de.bin").read_bytes() == (theirs / "s0/train.en-de.de.bin").read_bytes()


def test_every_folder_is_a_shard_and_the_first_has_validation_text(theirs):
    use("s0:s1", "de-en")
    found = links(theirs / "bin")
    assert len(found) == 12
    assert found["shard1/train.de-en.en.idx"] == "s1/train.en-de.en.idx"
    assert not [name for name in found if name.startswith("shard1/valid")]
    use("s0:s1", "de-en")  # again: as before
    assert links(theirs / "bin") == found


@pytest.mark.parametrize(
    ("data_bin", "directions", "said"),
    [
        ("s0:s2", "de-en", "s2: there is no such folder of binarised data"),
        (
            "s0", "de-en fr-en en-fr",
            "s0/train.en-fr.fr.bin is missing: direction fr-en has no binarised train data; there is train of"
            " en-de\ns0/train.en-fr.en.bin is missing: direction en-fr has no binarised train data; there is"
            " train of en-de",
        ),
    ],
)  # fmt: skip
def test_missing_files(theirs, data_bin, directions, said):
    with pytest.raises(UserError) as error:
        use(data_bin, *directions.split())
    assert str(error.value) == said


def test_another_dictionary_and_damaged_files(theirs):
    (theirs / "s0/dict.de.txt").write_text("a 1\nc 1\n")
    with pytest.raises(UserError, match=r"^s0/dict.de.txt, line 2: 'c', where the dictionary in use has 'b'"):
        use("s0", "de-en")
    (theirs / "s0/dict.de.txt").write_text(DICTIONARY)
    (theirs / "s0/valid.en-de.de.bin").write_bytes(b"")
    with pytest.raises(UserError, match=r"^s0/valid.en-de.de.bin: 0 bytes, but its index says 10"):
        use("s0", "de-en")
