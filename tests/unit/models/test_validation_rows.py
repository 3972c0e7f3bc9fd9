"""Rows of validations: added whole, forgotten after the checkpoint, never half a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.models.training.validation_rows import append_rows, forget_rows_after

HEADER = "update,direction,bleu\n"


def test_rows_are_added_and_those_after_the_checkpoint_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "validation_bleu.csv"
    forget_rows_after(path, 5)
    assert not path.exists()
    append_rows(path, [(10, "all", "2")])
    append_rows(path, [(20, "de-en", "1"), (20, "all", "1")])
    append_rows(path, [(30, "all", "1")])
    assert path.read_text() == f"{HEADER}10,all,2\n20,de-en,1\n20,all,1\n30,all,1\n"
    forget_rows_after(path, 20)
    assert path.read_text() == f"{HEADER}10,all,2\n20,de-en,1\n20,all,1\n"


@pytest.mark.parametrize("half", ["3", "30,all", "\0\0\0"])
def test_half_a_line_is_dropped(tmp_path: Path, half: str) -> None:
    path = tmp_path / "validation_bleu.csv"
    path.write_text(f"{HEADER}10,all,2\n{half}")
    append_rows(path, [(20, "all", "1")])
    assert path.read_text() == f"{HEADER}10,all,2\n20,all,1\n"


@pytest.mark.parametrize("content", [b"", b"\n", b"update,direction,loss\n10,all,2\n", b"\xff\x00"])
def test_an_empty_file_or_one_with_another_header_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "validation_bleu.csv"
    path.write_bytes(content)
    forget_rows_after(path, 20)
    assert path.read_text() == HEADER
    path.write_bytes(content)
    append_rows(path, [(20, "all", "1")])
    assert path.read_text() == f"{HEADER}20,all,1\n"


def test_a_failing_write_leaves_the_rows_that_were(tmp_path: Path) -> None:
    """A value that cannot be written breaks in the middle of the file."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("broken")

    path = tmp_path / "validation_bleu.csv"
    append_rows(path, [(10, "all", "2")])
    with pytest.raises(RuntimeError, match="broken"):
        append_rows(path, [(20, "de-en", "1"), (20, "all", Broken())])
    assert path.read_text() == f"{HEADER}10,all,2\n"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
