"""The text of one language, by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import file_of
from workflow_scripts.data.take_text import main


def take(folder: Path, content: bytes, *more: str) -> tuple[str, dict]:
    (folder / "in.gz").write_bytes(gzip.compress(content))
    main(["--text", str(folder / "in.gz"), "--out", str(folder / "out/de.txt"),
          "--stats", str(folder / "out/de.json"), *more])  # fmt: skip
    return (folder / "out/de.txt").read_text(), json.loads((folder / "out/de.json").read_text())


def test_lines_are_taken_and_counted(tmp_path):
    text, stats = take(tmp_path, "\ufeffEin Satz. \r\n \nnoch einer\n".encode(), "--empty", "drop")
    assert text == "Ein Satz.\nnoch einer\n"
    assert (stats["sentences"], stats["dropped"]) == (2, 1)
    assert stats["normalised"]["byte_order_mark"] == 1 and stats["normalised"]["crlf"] == 1
    # Its name has its language alone, as a pattern of the text of one language fills it in.
    assert file_of(str(tmp_path / "out/{target}.txt"), "de") == tmp_path / "out/de.txt"
    with pytest.raises(UserError, match=r"no wildcard \{source\}; there are \{target\}"):
        file_of("out/{source}.txt", "de")


def test_empty_lines_and_no_lines(tmp_path):
    with pytest.raises(UserError, match=r"in\.gz, line 2: is empty; mend it, or drop empty lines"):
        take(tmp_path, b"a\n\nb\n")
    with pytest.raises(UserError, match=r"in\.gz: has no lines"):
        take(tmp_path, b"\n\n", "--empty", "drop")
