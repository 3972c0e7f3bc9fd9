"""evaluate.comet.fetch_comet: from a hub on this machine into the hub's cache; then all works without it."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.comet.test_comet import lay, samples, words

ROOT = Path(__file__).resolve().parents[3]
OUT = "; or take it out of evaluation.comet: tables are then made without it"
COMMITS = {"Unbabel/tiny": "1" * 40, "xlm-roberta-large": "2" * 40}


@pytest.fixture
def hub(model):
    """The URL of a hub that has a tiny model and, elsewhere, its encoder."""
    folders = {"Unbabel/tiny": model, "xlm-roberta-large": model / "encoder"}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(body=True)

        def do_HEAD(self):
            self.answer(body=False)

        def answer(self, body):
            path = self.path.partition("?")[0]
            name = next((name for name in folders if name in path), None)
            if name is None:
                self.send_response(401)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            folder, commit = folders[name], COMMITS[name]
            if path.startswith("/api/"):
                files = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]
                if folder == model:  # as on the hub, whose models have no encoder in them
                    files = [file for file in files if not file.startswith("encoder")]
                content = {"id": name, "sha": commit, "siblings": [{"rfilename": file} for file in files]}
                data = json.dumps(content).encode()
            else:
                data = (folder / path.partition(f"{name}/resolve/{commit}/")[2]).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", commit)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *_): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def start(module, home, endpoint, *arguments):
    """Run a stage with a hub and a cache of its own."""
    unset = (
        "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY",
    )  # fmt: skip
    variables = {key: value for key, value in os.environ.items() if key not in unset}
    variables |= {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", f"workflow_scripts.evaluate.comet.{module}", *arguments]
    return subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)


def test_fetched_once_then_scored_without_the_hub(hub, model, tmp_path):
    out = tmp_path / "fetched.json"
    fetch = ("--model", "Unbabel/tiny", "--out", str(out))
    done = start("fetch_comet", tmp_path / "hf", hub, *fetch)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert json.loads(out.read_text()) == {
        "model": "Unbabel/tiny",
        "revision": "1" * 40,
        "encoder": "xlm-roberta-large",
        "encoder_revision": "2" * 40,
        "sha256": hashlib.sha256((model / "checkpoints/model.ckpt").read_bytes()).hexdigest(),
    }
    nowhere = "http://127.0.0.1:9"  # nobody listens there
    assert start("fetch_comet", tmp_path / "hf", nowhere, *fetch).returncode == 0, "fetched again"
    lay(tmp_path / "a", {"de-en": samples(3)})
    place = words(tmp_path / "a", model, ["de-en"])
    place[place.index("--folder") : place.index("--folder") + 2] = ["--fetched", str(out)]
    done = start("score_comet", tmp_path / "hf", nowhere, *place)
    assert done.returncode == 0, done.stderr
    score = json.loads((tmp_path / "a/out.json").read_text())["directions"]["de-en"]["scores"][0]
    assert score["signature"].startswith("model:Unbabel/tiny|sha256:")

    # What is fetched later, for another experiment, is another commit's; these scores stay this one's.
    for repository, commit in (("models--Unbabel--tiny", "3"), ("models--xlm-roberta-large", "4")):
        cached = tmp_path / "hf/hub" / repository
        newer = cached / "snapshots" / (commit * 40)
        newer.mkdir()
        (newer / "hparams.yaml").write_text("another model")
        (cached / "refs/main").write_text(commit * 40)
    done = start("score_comet", tmp_path / "hf", nowhere, *place)
    assert (done.returncode, "3 of 3 segments from the cache" in done.stdout) == (0, True), done.stderr

    # A cache that was cleared, or that of another machine.
    done = start("score_comet", tmp_path / "elsewhere", nowhere, *place)
    assert done.stderr == (
        "error: Unbabel/tiny at commit 111111111111 is no longer in the hub's cache on this machine"
        f" (HF_HOME): delete {out} and run 'make fetch CONFIG=…' where there is internet, or name a folder"
        f" that has the COMET model (evaluation.comet, key folder){OUT}\n"
    )


def test_no_hub_is_one_line(tmp_path):
    out = tmp_path / "fetched.json"
    done = start("fetch_comet", tmp_path / "hf", "http://127.0.0.1:9", "--model", "a/b", "--out", str(out))
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line] == [
        "error: the COMET model a/b cannot be fetched: the hub cannot be reached from this machine; run"
        " 'make fetch CONFIG=…' where there is internet, or name a folder that has it (evaluation.comet,"
        f" key folder){OUT}"
    ]
    assert not out.exists()


def test_a_model_that_the_hub_lacks_is_one_line(hub, tmp_path):
    done = start(
        "fetch_comet", tmp_path / "hf", hub, "--model", "a/b", "--out", str(tmp_path / "fetched.json")
    )
    assert done.returncode == 1
    assert done.stderr == f"error: the hub has no a/b, or hides it from you: check evaluation.comet{OUT}\n"
