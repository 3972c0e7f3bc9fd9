"""Cautions on counts above the tables: each once, and files that are none."""

from __future__ import annotations

import json

import pytest

from workflow_scripts.common.errors import DamagedFileError
from workflow_scripts.report.read.counted import cautions_on_counts


def written(path, **facts):
    path.write_text(json.dumps({"format": "neuronspec-strongest-units-1", **facts}))
    return path


def test_cautions_are_told_once(tmp_path):
    one = written(tmp_path / "1.json", cautions=["WARNING: few", "WARNING: fewer"])
    other = written(tmp_path / "2.json", cautions=["WARNING: few"])
    none = written(tmp_path / "3.json", cautions=[])
    assert cautions_on_counts([one, other, none]) == ["WARNING: few", "WARNING: fewer"]
    assert cautions_on_counts([none]) == cautions_on_counts([]) == []


@pytest.mark.parametrize(
    "text", ["[]", '{"cautions": ["x"]}', '{"format": "neuronspec-strongest-units-1"}', "{"]
)
def test_other_files_are_refused(text, tmp_path):
    (tmp_path / "s1.json").write_text(text)
    with pytest.raises(DamagedFileError, match=r"s1\.json: (not strongest units|damaged)"):
        cautions_on_counts([tmp_path / "s1.json"])
