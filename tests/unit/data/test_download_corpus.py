"""Downloads: checked, whole or not at all. No network: the homes are folders."""

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data import download_corpus, mtdata_source
from workflow_scripts.data.download_corpus import MULTI30K, NTREX, NTREX_FILES, download, fetch

ROOT = Path(__file__).resolve().parents[3]
TEXT = b"eins\r\nzwei\r\n"
SHA256 = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "text.txt").write_bytes(TEXT)
    return folder


def test_the_right_content(home, tmp_path):
    fetch((home / "text.txt").as_uri(), SHA256, tmp_path / "out" / "plain")
    assert (tmp_path / "out" / "plain").read_bytes() == TEXT


def test_packing_depends_on_the_content_alone(home, tmp_path):
    for name in ("a.gz", "b.gz"):
        fetch((home / "text.txt").as_uri(), SHA256, tmp_path / name, pack=True)
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == TEXT
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("pack", [False, True])
def test_the_wrong_content_leaves_nothing(home, tmp_path, pack):
    out = tmp_path / "out"
    with pytest.raises(
        UserError, match=rf"text\.txt: not the expected content \(its SHA-256 is {SHA256}"
    ) as error:
        fetch((home / "text.txt").as_uri(), "0" * 64, out / "x", pack)
    assert "\n" not in str(error.value)
    assert list(out.iterdir()) == []


def test_a_download_that_breaks_off_leaves_what_was_there(home, tmp_path, monkeypatch):
    class Broken:
        chunks = iter([b"eins\r\n"])

        def __enter__(self):
            return self

        def __exit__(self, *details):
            return None

        def read(self, size):
            try:
                return next(self.chunks)
            except StopIteration:
                raise ConnectionResetError("connection reset") from None

    monkeypatch.setattr(download_corpus.urllib.request, "urlopen", lambda *_, **__: Broken())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("old")
    with pytest.raises(UserError, match=r"cannot be downloaded \(connection reset\).*data\.source\.folder"):
        fetch("http://nowhere/x", SHA256, tmp_path / "out" / "x")
    assert [(path.name, path.read_text()) for path in (tmp_path / "out").iterdir()] == [("x", "old")]


def test_a_file_that_is_there_is_not_fetched_again(home, tmp_path, monkeypatch):
    (home / NTREX_FILES["de"]).write_bytes(TEXT)
    monkeypatch.setitem(NTREX, "de", SHA256)
    out = tmp_path / "out"
    assert download("ntrex", ["de"], out, home.as_uri()) == [out / "de.txt.gz"]
    (home / NTREX_FILES["de"]).unlink()
    download("ntrex", ["de"], out, home.as_uri())
    (out / "de.txt.gz").write_bytes(b"half a file")
    with pytest.raises(UserError, match=r"newstest2019-ref\.deu\.txt cannot be downloaded"):
        download("ntrex", ["de"], out, home.as_uri())


def test_what_is_pinned():
    assert len(MULTI30K) == 12 and len(NTREX) == 31 and NTREX.keys() == NTREX_FILES.keys()
    assert NTREX_FILES["sr"] == "newstest2019-ref.srp-Latn.txt"
    assert {len(value) for value in [*MULTI30K.values(), *NTREX.values()]} == {64}


@pytest.mark.shared("data/multi30k", "data/ntrex")
def test_the_files_in_the_shared_folder_are_the_pinned_ones(shared, tmp_path):
    paths = download("multi30k", ["en", "de", "fr", "cs"], tmp_path, (shared / "data/multi30k").as_uri())
    assert len(paths) == 12
    for language, sha256 in NTREX.items():
        content = gzip.decompress((shared / f"data/ntrex/{language}.txt.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == sha256


def test_mtdata_arguments():
    datasets = {"train": {"de-en": ["Statmt-news_commentary-16-deu-eng"]}}
    assert mtdata_source.parse_datasets(datasets) == datasets


def test_mtdata_parts_are_joined_in_order(tmp_path):
    parts = []
    for i, (one, two) in enumerate([("a\nb\n", "x\ny\n"), ("c\n", "z\n")]):
        for side, text in (("de", one), ("en", two)):
            (tmp_path / f"{i}.{side}").write_text(text)
        parts.append((tmp_path / f"{i}.de", tmp_path / f"{i}.en"))
    mtdata_source.join_parts(parts, [tmp_path / "train.de-en.de", tmp_path / "train.de-en.en"])
    assert (tmp_path / "train.de-en.de").read_text() == "a\nb\nc\n"
    assert (tmp_path / "train.de-en.en").read_text() == "x\ny\nz\n"


# The real mtdata with an index of one dataset (its own takes twenty seconds to build) and a filled cache.
MTDATA_DRIVER = """
import gzip, sys, types
from mtdata import cache_dir
from mtdata.entry import DatasetId, Entry
entry = Entry("Home-news-1-deu-eng", "http://nowhere.invalid/news.de-en.tsv.gz")
sys.modules["mtdata.index"] = types.ModuleType("mtdata.index")
sys.modules["mtdata.index"].Entry = Entry
sys.modules["mtdata.index"].INDEX = {entry.did: entry}
from mtdata.cache import Cache
path = Cache(cache_dir).get_local_path(entry.url, filename=entry.filename, fix_missing=False)
path.parent.mkdir(parents=True)
path.write_bytes(gzip.compress(b"eins\\tone\\n\\tempty\\nzwei\\ttwo\\n"))
Cache(cache_dir).get_flag_file(path).touch()
from workflow_scripts.data.download_corpus import main
from workflow_scripts.common.errors import run_main
run_main(lambda _: main(sys.argv[1:]))
"""


def run_mtdata(folder, pair, dataset):
    environment = {**os.environ, "MTDATA": str(folder / "cache")}
    command = [sys.executable, "-c", MTDATA_DRIVER, "--corpus", "mtdata", "--out", str(folder / "out")]
    command += ["--datasets", f'{{"train": {{"{pair}": ["{dataset}"]}}}}']
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize("pair", ["de-en", "en-de"])
def test_mtdata_dataset_from_its_cache(tmp_path, pair):
    result = run_mtdata(tmp_path, pair, "Home-news-1-deu-eng")
    assert result.returncode == 0, result.stderr
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [f"train.{pair}.de", f"train.{pair}.en"]
    assert (out / f"train.{pair}.de").read_text() == "eins\nzwei\n"
    assert (out / f"train.{pair}.en").read_text() == "one\ntwo\n"
