"""An index of one dataset for mtdata: its own takes twenty seconds to build, and lies in the user's home."""

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest


@contextmanager
def index_of_one(folder: Path) -> Iterator[None]:
    """Let mtdata find its index in a folder, in its own form, with one dataset in it."""
    import mtdata
    from mtdata.entry import Entry

    file = folder / "index.pkl"
    entry = Entry("Home-news-1-deu-eng", "http://nowhere.invalid/news.de-en.tsv.gz")
    with pytest.MonkeyPatch.context() as patch:
        # Its module loads an index when it is imported: another one stands for it, to name the class.
        stand_in = ModuleType("mtdata.index")
        stand_in.Index = type("Index", (), {"__module__": "mtdata.index"})  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "mtdata.index", stand_in)
        index = stand_in.Index()
        index.entries = {entry.did: entry}
        file.write_bytes(pickle.dumps(index))
        patch.delitem(sys.modules, "mtdata.index")
        patch.setattr(mtdata, "cached_index_file", file)
        yield
        used = sys.modules.pop("mtdata.index", None)
        assert used is None or len(used.INDEX) == 1
