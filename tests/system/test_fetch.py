"""`make fetch` for real: a corpus from a server of this machine, then everything without the server."""

import os
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests import forked
from tests.workflow.test_job_counts import jobs, snakemake

ROOT = Path(__file__).resolve().parents[2]
FILES = [f"{subset}.{lang}.gz" for subset in ("train", "val", "test_2016_flickr") for lang in ("de", "en")]
FETCHED = "results/fetched/data/download/multi30k"


class Quiet(SimpleHTTPRequestHandler):
    """A folder's files over HTTP; what is asked for goes into a list instead of stderr."""

    def __init__(self, *arguments, asked, **options):
        self.asked = asked
        super().__init__(*arguments, **options)

    def log_request(self, code="-", size="-"):
        self.asked.append(self.requestline.split(" HTTP")[0])

    def log_message(self, format, *arguments):
        return


@contextmanager
def server(folder, port=0):
    """Serve a folder on a port of this machine; yield the port and what is asked for."""
    asked = []
    with ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=folder, asked=asked)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield running.server_address[1], asked
        finally:
            running.shutdown()
            thread.join()


def config(port):
    source = {"type": "multi30k", "home": f"http://127.0.0.1:{port}"}
    return {"experiment": "fetched", "languages": ["en", "de"], "pivot": "en", "data": {"source": source}}


def program(folder, module, *options):
    command = [f"workflow_scripts.workflow.run.{module}", "--configfile", "config.yaml"]
    command += ["--snakefile", str(ROOT / "Snakefile"), *options]
    return forked.run(folder, *command, variables={**os.environ, "no_proxy": "127.0.0.1"})


def mistakes(done):
    return [line for line in done.stderr.splitlines() if line.startswith("error: ")]


@pytest.mark.shared("data/multi30k")
def test_what_was_fetched_is_there_without_a_network(shared, tmp_path):
    with server(tmp_path) as (port, _):
        pass  # a port that is free, and refuses from now on
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config(port)))
    # Without network and files: one line, and nothing is touched.
    for done in (program(tmp_path, "start", "--cores", "1"), program(tmp_path, "fetch")):
        assert done.returncode == 1
        assert mistakes(done) == [
            f"error: {FETCHED}/train.en.gz and 5 more are not fetched yet, and http://127.0.0.1:{port} cannot"
            " be reached from this machine (Connection refused): run 'make fetch CONFIG=config.yaml' on one"
            " with internet, such as a cluster's login node"
        ]
        assert not (tmp_path / "results").exists()

    with server(shared / "data" / "multi30k", port) as (_, asked):
        done = program(tmp_path, "fetch")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "fetched: 6 files, 1.3 MB\n"
    assert sorted(asked) == sorted(["HEAD /", *(f"GET /{name}" for name in FILES)])
    assert sorted(path.name for path in (tmp_path / FETCHED).iterdir()) == sorted(FILES)

    # From here on nothing is asked for.
    done = program(tmp_path, "fetch")
    assert (done.returncode, done.stdout) == (0, "there already: 6 files, 1.3 MB\n")
    text = "results/fetched/data/text/valid/de-en.json"
    assert jobs(snakemake(tmp_path, config(port), "-n", text)) == {"prepare_text": 1}
    done = program(tmp_path, "start", text, "--cores", "1")
    assert done.returncode == 0, done.stderr
    # A job that is to run again, as after a change of its code, keeps and checks what is there.
    done = program(tmp_path, "start", "fetch", "--cores", "1", "--forcerun", "download_corpus")
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "results/fetched/logs/download_corpus/corpus.log").read_text()
    assert log.count(" is already there\n") == 6

    # One file is damaged at its home: the job's own line, and the others stay.
    (tmp_path / FETCHED / "val.de.gz").unlink()
    (tmp_path / "val.de.gz").write_bytes(b"another file")
    with server(tmp_path, port):
        done = program(tmp_path, "fetch")
    assert done.returncode == 1
    assert [line.partition(" (")[0] for line in mistakes(done)] == [
        f"error: http://127.0.0.1:{port}/val.de.gz: not the expected content"
    ]
    assert sorted(path.name for path in (tmp_path / FETCHED).iterdir()) == sorted({*FILES} - {"val.de.gz"})


def test_an_experiment_without_downloads_needs_none(tmp_path):
    text = (ROOT / "config/config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(text)
    done = program(tmp_path, "fetch")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nothing needs fetching: demo takes nothing from the internet\n"
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]
