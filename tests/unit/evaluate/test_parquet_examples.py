"""Labelled tables in Parquet, where pyarrow is installed."""

from __future__ import annotations

import pandas as pd
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.task_examples import read_examples


def test_a_table_in_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"idx": [1, 2], "sentence": ["a b", "c"], "label": [0, 1]}).to_parquet(path)
    found = read_examples(path, ["sentence"], "label")
    assert (found.texts, found.labels) == ([("a b",), ("c",)], ["0", "1"])
    with pytest.raises(UserError, match=r"no column 'text'; there are idx, sentence, label"):
        read_examples(path, ["text"], "label")
    pd.DataFrame({"sentence": ["a", None], "label": [0, 1]}).to_parquet(path)
    with pytest.raises(UserError, match=r"t\.parquet, line 2: sentence is empty"):
        read_examples(path, ["sentence"], "label")
    path.write_bytes(b"no table")
    with pytest.raises(UserError, match=r"t\.parquet: not Parquet \("):
        read_examples(path, ["sentence"], "label")
