"""score_comet with real models of random weights: scores, what is never scored twice, flags."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.comet.tiny_comet import TEXT, make_model
from tests.waiting import LIMIT
from workflow_scripts.common.archive import read_archive
from workflow_scripts.evaluate.comet import comet_model
from workflow_scripts.evaluate.comet import score_comet as comet
from workflow_scripts.evaluate.comet.comet_cache import ScoreCache, key_of
from workflow_scripts.evaluate.comet.comet_model import find_model, hashes_of
from workflow_scripts.evaluate.comet.comet_scorer import CometScorer

ROOT = Path(__file__).resolve().parents[3]


def samples(n, seed=1):
    """Segments of 1 to 12 words."""
    draw, words = random.Random(seed), " ".join(TEXT).split()
    return [
        {k: " ".join(draw.choices(words, k=draw.randint(1, 12))) for k in ("src", "mt", "ref")}
        for _ in range(n)
    ]


def lay(folder, texts):
    folder.mkdir(exist_ok=True)
    for direction, segments in texts.items():
        for key in ("src", "mt", "ref"):
            (folder / f"{direction}.{key}").write_text("".join(f"{one[key]}\n" for one in segments))


def words(folder, model, directions, *more):
    files = {"sources": "src", "hypotheses": "mt", "references": "ref"}
    patterns = [
        word for name, end in files.items() for word in (f"--{name}", f"{folder}/{{direction}}.{end}")
    ]
    job = ["--experiment", "x", "--system", "ns", "--testset", "one", "--seed", "1"]
    out = ["--cache", str(folder.parent / "cache"), "--out", str(folder / "out.json")]
    return [*patterns, *job, *out, "--folder", str(model), "--directions", *directions, *more]


def run(folder, model, directions, *more):
    comet.main(words(folder, model, directions, *more))
    return json.loads((folder / "out.json").read_text())


def scores(scorer, text):
    found = {
        n: kept.score for places, values in scorer.score(text) for n, kept in zip(places, values, strict=True)
    }
    return [found[n] for n in range(len(text))]


def segments(folder):
    arrays, _ = read_archive(folder / "out.segments.npz", "segments-1")
    return {key: value[:, 0].tolist() for key, value in arrays.items()}


@pytest.fixture
def never_loaded(monkeypatch):
    """Let a job fail that loads a model."""

    def refuse(*_):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(comet, "CometScorer", refuse)


@pytest.mark.parametrize("kind", ["model", "reference_free", "kiwi", "unite"])
def test_scores_are_those_of_comet_itself(kind, request):
    files = find_model(None, str(request.getfixturevalue(kind)))
    scorer = CometScorer(files, 4)
    text = [{key: one[key] for key in scorer.reads} for one in samples(30)]
    ours = scores(scorer, text)
    theirs = scorer.model.predict(text, batch_size=7, gpus=0, progress_bar=False)["scores"]
    assert ours == pytest.approx(theirs, abs=2e-6)
    assert np.std(ours) > 0.01, "a model that gives every segment the same score shows nothing"


def test_comet_loads_the_same_weights(model, tmp_path):
    from comet import load_from_checkpoint

    copy = make_model(tmp_path / "copy")
    settings = (copy / "hparams.yaml").read_text().replace("xlm-roberta-large", str(copy / "encoder"))
    (copy / "hparams.yaml").write_text(settings)
    theirs = load_from_checkpoint(
        str(copy / "checkpoints/model.ckpt"), reload_hparams=True, local_files_only=True
    )
    ours = CometScorer(find_model(None, str(model)), 4).model
    named = dict(theirs.named_parameters())
    assert all((named[name] == weight).all() for name, weight in ours.named_parameters())


@pytest.mark.parametrize("kind", ["model", "kiwi", "unite"])
def test_a_score_has_the_same_bits_whatever_else_is_scored(kind, request):
    scorer = CometScorer(find_model(None, str(request.getfixturevalue(kind))), 8)
    text = samples(40)
    whole = scores(scorer, text)
    shuffled = random.Random(2).sample(range(40), 40)
    assert scores(scorer, [text[i] for i in shuffled]) == [whole[i] for i in shuffled]
    assert [scores(scorer, [text[i]])[0] for i in (0, 7, 39)] == [whole[i] for i in (0, 7, 39)]


def test_json_and_segments(model, tmp_path):
    text = samples(5)
    lay(tmp_path / "a", {"de-en": text, "en-de": text[:2]})
    said = run(tmp_path / "a", model, ["de-en", "en-de"], "--name", "wmt22", "--profile", "paper")
    assert [said[key] for key in ("experiment", "system", "seed", "testset", "profile")] == [
        "x", "ns", 1, "one", "paper",
    ]  # fmt: skip
    found = segments(tmp_path / "a")
    assert set(found) == {"de-en/wmt22", "en-de/wmt22"} and len(found["de-en/wmt22"]) == 5
    (score,) = said["directions"]["de-en"]["scores"]
    assert score["score"] == pytest.approx(sum(found["de-en/wmt22"]) / 5, abs=1e-12)
    sha256 = said["model"]["sha256"]
    assert sha256 == comet_model.sha256_of(model / "checkpoints/model.ckpt")
    # The folder of its scores in the cache is named by it.
    (name,) = (path.name for path in (tmp_path / "cache/comet").iterdir() if path.name != "checkpoints")
    assert score["signature"] == f"model:tiny|sha256:{sha256[:8]}|hash:{name[:8]}|version:2.2.7"
    assert said["model"] == {
        "model": "tiny", "sha256": sha256, "hash": name, "version": "2.2.7", "reads": ["src", "mt", "ref"],
    }  # fmt: skip
    assert said["directions"]["en-de"]["n"] == 2 and said["directions"]["en-de"]["flags"] == []


def test_unchanged_segments_load_no_model(model, tmp_path, capsys):
    lay(tmp_path / "a", {"de-en": samples(20)})
    first = run(tmp_path / "a", model, ["de-en"])
    assert "0 of 20 segments from the cache, 20 scored, 0 repeated" in capsys.readouterr().out
    before = (tmp_path / "a/out.segments.npz").read_bytes()
    # In a process of its own: neither torch nor comet is imported.
    program = (
        "import sys; from workflow_scripts.evaluate.comet import score_comet; score_comet.main(sys.argv[1:]);"
        " print('loaded:', sorted({'torch', 'comet', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, *words(tmp_path / "a", model, ["de-en"])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "20 of 20 segments from the cache, 0 scored, 0 repeated" in done.stdout
    assert done.stdout.endswith("loaded: []\n")
    assert json.loads((tmp_path / "a/out.json").read_text()) == first
    assert (tmp_path / "a/out.segments.npz").read_bytes() == before


def test_equal_segments_are_scored_once_across_directions_and_systems(model, tmp_path, capsys):
    text = samples(6)
    lay(tmp_path / "a", {"de-en": text, "fr-en": [text[0], text[0], *samples(1, seed=2)]})
    run(tmp_path / "a", model, ["de-en", "fr-en"])
    assert "0 of 9 segments from the cache, 7 scored, 2 repeated" in capsys.readouterr().out
    other = [*text[:4], *({**one, "mt": f"{one['mt']} now"} for one in text[4:])]
    lay(tmp_path / "b", {"de-en": other})
    run(tmp_path / "b", model, ["de-en"])
    assert "4 of 6 segments from the cache, 2 scored, 0 repeated" in capsys.readouterr().out
    cached = segments(tmp_path / "b")["de-en/comet"]
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    lay(fresh / "b", {"de-en": other})
    run(fresh / "b", model, ["de-en"])
    assert cached == segments(fresh / "b")["de-en/comet"], "a score depends on what was cached"


def weight(model):
    import torch

    path = model / "checkpoints/model.ckpt"
    content = torch.load(path, weights_only=True)
    content["state_dict"]["estimator.ff.0.bias"][0] += 1
    torch.save(content, path)


def tokenizer(model):
    path = model / "encoder/tokenizer.json"
    path.write_text(path.read_text() + " ")


def settings(model):
    path = model / "hparams.yaml"
    path.write_text(path.read_text().replace("pool: avg", "pool: cls"))


def test_a_model_that_was_moved_is_the_same(model, tmp_path):
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    first, second = (hashes_of(find_model(None, str(one)), tmp_path) for one in (model, copy))
    assert first == second


@pytest.mark.parametrize("change", [weight, tokenizer, settings])
def test_a_model_that_was_changed_in_place_is_another(change, model, tmp_path):
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    files = find_model(None, str(copy))
    first = hashes_of(files, tmp_path / "notes")
    change(copy)
    sha256, key = hashes_of(find_model(None, str(copy)), tmp_path / "notes")
    assert key != first[1]
    assert (sha256 != first[0]) == (change is weight)


def test_another_tokenizer_is_another_signature(model, tmp_path):
    copy = Path(shutil.copytree(model, tmp_path / "tiny"))
    lay(tmp_path / "a", {"de-en": samples(2)})
    signatures = []
    for change in (None, tokenizer, settings):
        if change:
            change(copy)
        (score,) = run(tmp_path / "a", copy, ["de-en"])["directions"]["de-en"]["scores"]
        signatures.append(score["signature"])
    assert len(set(signatures)) == 3


@pytest.mark.parametrize("kind", ["model", "kiwi"])
def test_segments_longer_than_the_model_reads_are_counted(kind, tmp_path, request, capsys):
    """Positions are 66: comet reads 62 subwords of a text, <s> and </s> among them."""
    place = request.getfixturevalue(kind)
    text = [*samples(3), {**samples(1)[0], "mt": "the house " * 40}]
    lay(tmp_path / "a", {"de-en": text, "en-de": samples(2, seed=9)})
    for _ in ("scored", "from the cache"):
        found = run(tmp_path / "a", place, ["de-en", "en-de"])["directions"]
        assert [found[direction]["cut"] for direction in ("de-en", "en-de")] == [1, 0]
        assert ", 1 segments longer than the model reads\n" in capsys.readouterr().out


def test_scores_are_written_though_the_cache_cannot_be_tidied(model, tmp_path, monkeypatch, capsys):
    def fail(_):
        raise OSError("stale file handle")

    monkeypatch.setattr(ScoreCache, "tidy", fail)
    lay(tmp_path / "a", {"de-en": samples(2)})
    assert run(tmp_path / "a", model, ["de-en"])["directions"]["de-en"]["n"] == 2
    assert "was not tidied up: stale file handle" in capsys.readouterr().err


def test_another_model_shares_nothing(model, tmp_path, capsys):
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    weight(copy)
    lay(tmp_path / "a", {"de-en": samples(3)})
    run(tmp_path / "a", model, ["de-en"])
    run(tmp_path / "a", copy, ["de-en"])
    assert capsys.readouterr().out.count("0 of 3 segments from the cache, 3 scored") == 2


@pytest.mark.parametrize("kind", ["reference_free", "kiwi"])
def test_without_references_they_are_no_part_of_the_key(kind, tmp_path, request, capsys):
    place, text = request.getfixturevalue(kind), samples(4)
    lay(tmp_path / "a", {"de-en": text})
    said = run(tmp_path / "a", place, ["de-en"])
    assert said["model"]["reads"] == ["src", "mt"]
    assert said["directions"]["de-en"]["references_sha256"] is None
    first = segments(tmp_path / "a")
    lay(tmp_path / "a", {"de-en": [{**one, "ref": "another reference"} for one in text]})
    run(tmp_path / "a", place, ["de-en"])
    assert "4 of 4 segments from the cache" in capsys.readouterr().out
    assert segments(tmp_path / "a") == first


def test_with_references_another_one_is_another_score(model, tmp_path):
    lay(tmp_path / "a", {"de-en": samples(4)})
    run(tmp_path / "a", model, ["de-en"])
    first = segments(tmp_path / "a")
    lay(tmp_path / "a", {"de-en": [{**one, "ref": "the red cat"} for one in samples(4)]})
    run(tmp_path / "a", model, ["de-en"])
    assert all(
        a != b for a, b in zip(first["de-en/comet"], segments(tmp_path / "a")["de-en/comet"], strict=True)
    )


def test_unknown_languages_are_flagged(model, tmp_path):
    names = ["de-lb", "xx-nb", "deu-eng"]
    lay(tmp_path / "a", dict.fromkeys(names, samples(1)))
    found = run(tmp_path / "a", model, names)["directions"]
    assert found["de-lb"]["flags"] == ["language not known to the model: lb"]
    assert found["xx-nb"]["flags"] == ["language not known to the model: xx"]
    assert found["deu-eng"]["flags"] == []
    found = run(tmp_path / "a", model, names, "--known-languages", "de", "lb")["directions"]
    assert found["de-lb"]["flags"] == []
    assert found["deu-eng"]["flags"] == ["language not known to the model: eng"]


class Unknown:
    """What a trainer may have left in a checkpoint."""


def with_object(place, value):
    import torch

    checkpoint = torch.load(place / "checkpoints/model.ckpt", weights_only=True)
    torch.save({**checkpoint, "callbacks": {"stop": value}}, place / "checkpoints/model.ckpt")
    return place


def test_a_checkpoint_may_hold_objects_that_are_never_made(tmp_path):
    place = with_object(make_model(tmp_path / "odd"), Unknown())
    assert len(scores(CometScorer(find_model(None, str(place)), 4), samples(2))) == 2


def killed_in_the_middle(tmp_path, model, text):
    """Start a job that writes a shard for every batch, and kill it after the first."""
    program = (
        "import sys; from workflow_scripts.evaluate.comet import comet_cache, score_comet as job;"
        " job.CHUNK, comet_cache.FLUSH_SECONDS = 8, 0; job.main(sys.argv[1:])"
    )
    lay(tmp_path / "a", {"de-en": text})
    command = [sys.executable, "-c", program, *words(tmp_path / "a", model, ["de-en"])]
    job = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 200
    while not list((tmp_path / "cache/comet").glob("*/[!.]*.npz")) and time.monotonic() < until:
        assert job.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    job.send_signal(signal.SIGKILL)
    job.wait()


def test_a_killed_job_loses_only_what_it_was_at(model, tmp_path, capsys):
    text = samples(2000)
    killed_in_the_middle(tmp_path, model, text)
    assert not (tmp_path / "a/out.json").exists()
    run(tmp_path / "a", model, ["de-en"])
    kept = int(capsys.readouterr().out.partition(" of 2000")[0].rpartition(" ")[2])
    assert 1 <= kept < 2000
    files = find_model(None, str(model))
    assert segments(tmp_path / "a")["de-en/comet"][:50] == [
        round(s, 6) for s in scores(CometScorer(files, 16), text[:50])
    ]


def test_two_jobs_at_once(model, tmp_path):
    text = samples(60)
    jobs = []
    for name in ("a", "b"):
        lay(tmp_path / name, {"de-en": text})
        command = [
            sys.executable,
            "-m",
            "workflow_scripts.evaluate.comet.score_comet",
            *words(tmp_path / name, model, ["de-en"]),
        ]
        jobs.append(
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    assert [job.communicate(timeout=LIMIT)[1].count("error") for job in jobs] == [0, 0]
    assert [job.returncode for job in jobs] == [0, 0]
    assert segments(tmp_path / "a") == segments(tmp_path / "b")
    (folder,) = [p for p in (tmp_path / "cache/comet").iterdir() if p.name != "checkpoints"]
    about = json.loads((tmp_path / "a/out.json").read_text())["model"]
    keys = [key_of([one[k] for k in ("src", "mt", "ref")]) for one in text]
    assert len(ScoreCache(folder, about).look_up(keys)) == 60
