"""The stages that take a model into an experiment: fetched of a hub on this machine, made the baseline."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.models.huggingface.folders import TAGS
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.attach_model import main
from workflow_scripts.models.huggingface.fetch_model import licence_of
from workflow_scripts.models.huggingface.fetch_model import main as fetch_model
from workflow_scripts.models.huggingface.model_files import files_of, weights_among
from workflow_scripts.models.huggingface.port import HuggingFacePort
from workflow_scripts.units.system import SystemFolder

ROOT = Path(__file__).resolve().parents[4]
COMMIT, OTHER = "1" * 40, "2" * 40
CARD = "---\nlanguage: [de, en]\nlicense: cc-by-nc-4.0\n---\n# A model\n"
TEXT = ["--languages", "en", "de", "fr", "--directions", "en-de", "de-en"]


@pytest.fixture(scope="module")
def hub(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a hub that has a tiny model, once more in another form, and one for those it let in."""
    folder = shutil.copytree(folders["m2m"], tmp_path_factory.mktemp("hub") / "tiny")
    (folder / "README.md").write_text(CARD)
    (folder / "pytorch_model.bin").write_bytes(b"the same in another form")
    (folder / "training_args.bin").write_bytes(b"not read")

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(body=True)

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def answer(self, body: bool) -> None:
            path = self.path.partition("?")[0]
            if "their/gated" in path:
                return self.refuse(403, "GatedRepo")
            if "their/tiny" not in path:
                return self.refuse(401, "RepoNotFound")
            if COMMIT not in path:
                return self.refuse(404, "RevisionNotFound")
            if path.startswith("/api/") and "/tree/" in path:
                files = [
                    {"type": "file", "path": p.name, "size": p.stat().st_size, "oid": "0" * 40}
                    for p in folder.iterdir()
                ]
                data = json.dumps(files).encode()
            elif path.startswith("/api/"):
                listed = [{"rfilename": one.name} for one in folder.iterdir()]
                data = json.dumps({"id": "their/tiny", "sha": COMMIT, "siblings": listed}).encode()
            else:
                data = (folder / path.rpartition("/")[2]).read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


#: Each model in turn, in a process that may ask a hub: here the library is told not to when it is imported.
FETCH = """
import sys
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.fetch_model import main
out, *asked = sys.argv[1:]
for model, commit in zip(asked[::2], asked[1::2]):
    try:
        main(["--model", model, "--revision", commit, "--out", out])
    except UserError as error:
        print("error:", error)
"""


def fetch(home: Path, endpoint: str, *asked: str) -> list[str]:
    """Fetch models at commits, with a hub and a cache of its own; return what was said."""
    unset = ("HF_HUB_OFFLINE", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    variables = {key: value for key, value in os.environ.items() if key not in unset}
    variables |= {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", FETCH, str(home.parent / "model.json"), *asked]
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_fetched_once_then_read_without_the_hub(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [f"their/tiny at {COMMIT}, licence: cc-by-nc-4.0"]
    assert fetch(tmp_path / "hf", hub, "their/tiny", COMMIT) == said
    note = tmp_path / "model.json"
    assert json.loads(note.read_text()) == {
        "model": "their/tiny", "revision": COMMIT, "licence": "cc-by-nc-4.0",
    }  # fmt: skip
    [place] = (tmp_path / "hf").rglob("snapshots/*")
    assert {path.name for path in place.iterdir()} == {
        "README.md", "config.json", "generation_config.json", "model.safetensors",
        "sentencepiece.bpe.model", "tokenizer_config.json", "vocab.json",
    }  # fmt: skip
    assert fetch(tmp_path / "hf", "http://127.0.0.1:9", "their/tiny", COMMIT) == said
    # The library has read where its cache is when it was imported.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    main(["--fetched", str(note), *TEXT, "--tags", json.dumps(TAGS["m2m"]), "--out", str(tmp_path / "out")])
    made = SystemFolder.read(tmp_path / "out")
    assert (made.port, made.directions, made.system) == ("huggingface", ("en-de", "de-en"), "baseline")
    shutil.rmtree(place)
    with pytest.raises(UserError, match=r"^their/tiny at commit 1{12} is no longer in the hub's cache"):
        main(["--fetched", str(note), *TEXT, "--out", str(tmp_path / "again")])


def test_what_the_hub_does_not_give_is_one_line(hub: str, tmp_path: Path) -> None:
    asked = ("their/tinny", COMMIT, "their/tiny", OTHER, "their/gated", COMMIT)
    check = "check attach.model and attach.revision"
    assert fetch(tmp_path / "hf", hub, *asked) == [
        f"error: the hub has no their/tinny, or hides it from you; {check}",
        f"error: their/tiny: the hub has no commit {OTHER}; {check}",
        "error: their/gated: the hub gives it only to those who have agreed to its terms: do so on its page"
        " there, then log in (HF_TOKEN, or 'hf auth login')",
    ]
    assert not (tmp_path / "model.json").exists()


def test_without_a_hub_or_a_commit(tmp_path: Path) -> None:
    # The library is told to ask no hub.
    out = ["--out", str(tmp_path / "model.json")]
    with pytest.raises(
        UserError, match=r"^their/tiny cannot be fetched from the hub \(.*\): run 'make fetch"
    ):
        fetch_model(["--model", "their/tiny", "--revision", COMMIT, *out])
    with pytest.raises(UserError, match=r"^attach\.revision: the commit of their/tiny is not chosen yet; "):
        fetch_model(["--model", "their/tiny", "--revision", "0" * 40, *out])
    assert not (tmp_path / "model.json").exists()


def test_weights_are_taken_in_one_form() -> None:
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = "model.safetensors.index.json"
    assert weights_among(["model.safetensors", "pytorch_model.bin"]) == ["model.safetensors"]
    assert weights_among([*shards, index, "pytorch_model.bin"]) == [index, *shards]
    assert weights_among(["pytorch_model.bin", "training_args.bin"]) == ["pytorch_model.bin"]
    assert weights_among(["flax_model.msgpack", "tf_model.h5"]) == []


def test_files_of_a_folder(folders: dict[str, Path], tmp_path: Path) -> None:
    assert {path.name for path in files_of(folders["t5"])} == {
        "config.json", "generation_config.json", "tokenizer_config.json", "spiece.model", "model.safetensors",
    }  # fmt: skip
    assert files_of(tmp_path / "gone") == []


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (CARD, "cc-by-nc-4.0"),
        ("---\nlicense: other\nlicense_name: nllb\n---\n", "nllb"),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "mit, apache-2.0"),
        ("# No head\n", "not named on its card"),
        ("---\n{\n---\n", "not named on its card"),
    ],
)
def test_the_licence_of_a_card(text: str, licence: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(text)
    assert licence_of(tmp_path / "README.md") == licence
    assert licence_of(tmp_path / "gone.md") == "not named on its card"


def test_wrong_notes_and_options(folders: dict[str, Path], tmp_path: Path) -> None:
    note = tmp_path / "model.json"
    note.write_text('{"model": "their/tiny"}')
    out = ["--out", str(tmp_path / "out")]
    with pytest.raises(UserError, match=r"model\.json: not what fetch_model writes; delete "):
        main(["--fetched", str(note), *TEXT, *out])
    model = ["--model", str(folders["m2m"])]
    with pytest.raises(UserError, match=r"^--model and --fetched: give one of the two$"):
        main([*model, "--fetched", str(note), *TEXT, *out])
    with pytest.raises(UserError, match=r'^--tags: not of the shape {"de": "deu_Latn"}$'):
        main([*model, *TEXT, "--tags", '{"de": 1}', *out])
    with pytest.raises(UserError, match=r"tag '__dd__' of language 'de' is unknown to its tokenizer"):
        main([*model, *TEXT, "--tags", '{"de": "__dd__", "en": "__en__"}', *out])
    assert not (tmp_path / "out").exists()


def test_a_pair_s_text_is_found_whichever_way_round(
    ports: dict[str, HuggingFacePort], tmp_path: Path
) -> None:
    (tmp_path / "valid").mkdir()
    for language, line in (("de", "ba\n"), ("en", "da de\n")):
        (tmp_path / f"valid/de-en.{language}.txt").write_text(line)
    there, back = (ports["m2m"].task(tmp_path, "valid", name) for name in ("de-en", "en-de"))
    assert [path.name for path in there.files] == ["de-en.de.txt", "de-en.en.txt"]
    assert [path.name for path in back.files] == ["de-en.en.txt", "de-en.de.txt"]
    # Without tags and </s> a side is the same in both.
    assert there.sources[0][1:-1].tolist() == back.targets[0][1:-1].tolist()
    with pytest.raises(UserError, match=r"valid/de-fr\.de\.txt: no such file, for valid of de-fr"):
        ports["m2m"].task(tmp_path, "valid", "de-fr")
