"""The cache of segment scores: keys, damage, many shards."""

import numpy as np
import pytest

from workflow_scripts.evaluate.comet import comet_cache
from workflow_scripts.evaluate.comet.comet_cache import Kept, ScoreCache, key_of, rounded

MODEL = {"model": "m", "sha256": "AAA", "hash": "aaa", "version": "1"}
ABOUT = {**MODEL, "reads": ["src", "mt"]}


def test_a_key_tells_where_one_text_ends():
    assert key_of(["a", "bc"]) != key_of(["ab", "c"])
    assert key_of(["a", "b"]) != key_of(["a", "b", ""])
    assert len(key_of(["ä"])) == 16


def test_what_is_written_is_found_by_another(tmp_path):
    scores = {
        key_of(["a"]): Kept(0.5, False),
        key_of(["b"]): Kept(-1.25, True),
        b"\0" * 16: Kept(0.25, False),
    }
    cache = ScoreCache(tmp_path / "m", ABOUT)
    assert cache.reads() is None and cache.look_up(scores) == {}
    cache.add(scores)
    assert not (tmp_path / "m").exists(), "written before flush"
    cache.flush()
    other = ScoreCache(tmp_path / "m", MODEL)
    assert other.reads() == ("src", "mt")
    assert other.look_up([*scores, key_of(["c"])]) == scores
    assert other.look_up(scores) == {}, "looks at a shard once only"


def test_equal_content_is_one_file(tmp_path):
    for _ in range(2):
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add({key_of(["a"]): Kept(0.5, False)})
        cache.flush()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "BBB"},
        {"hash": "bbb"},
        {"version": "2"},
        {"reads": "srcmt"},
        {"reads": []},
        {"reads": ["src", "tgt"]},
    ],
    ids=str,
)
def test_a_shard_of_another_model_is_left_out(change, tmp_path, capsys):
    """Such as one that was copied into this model's folder."""
    cache = ScoreCache(tmp_path, {**ABOUT, **change})
    cache.add({key_of(["a"]): Kept(0.5, False)})
    cache.flush()
    here = ScoreCache(tmp_path, MODEL)
    assert (here.reads(), here.look_up([key_of(["a"])])) == (None, {})
    assert capsys.readouterr().err.startswith("warning: left out, its segments are scored again: ")


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_shard_is_left_out(damage, tmp_path, capsys):
    for text in ("a", "b"):
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add({key_of([text]): Kept(0.5, False)})
        cache.flush()
    victim = sorted(tmp_path.iterdir())[0]
    whole = victim.read_bytes()
    # In the middle of an array, where only the zip's checksum tells.
    place = whole.index(np.float64(0.5).tobytes())
    changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    victim.write_bytes(changed if damage is None else damage)
    assert len(ScoreCache(tmp_path, MODEL).look_up([key_of(["a"]), key_of(["b"])])) == 1
    told = capsys.readouterr().err
    assert (
        told.startswith(f"warning: left out, its segments are scored again: {victim}")
        and told.count("\n") == 1
    )


def test_many_shards_become_one(tmp_path, monkeypatch):
    monkeypatch.setattr(comet_cache, "MANY", 3)
    scores = {key_of([str(n)]): Kept(n / 4, n == 3) for n in range(5)}
    reader = ScoreCache(tmp_path, MODEL)
    listed = reader._paths
    for key, score in scores.items():
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add({key: score})
        cache.flush()
    before = listed()
    cache.tidy()
    assert len(list(tmp_path.iterdir())) == 1
    assert ScoreCache(tmp_path, MODEL).look_up(scores) == scores
    # A reader that had listed the small ones looks again.
    answers = iter([before, listed()])
    monkeypatch.setattr(reader, "_paths", lambda: next(answers))
    assert reader.look_up(scores) == scores


def test_a_shard_that_has_all_scores_already_stays(tmp_path, monkeypatch):
    """Another job has made it of the small ones, and was killed before it removed them."""
    monkeypatch.setattr(comet_cache, "MANY", 1)
    scores = {key_of([text]): Kept(0.5, False) for text in ("a", "b")}
    for some in ({key_of(["a"]): Kept(0.5, False)}, scores):
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add(some)
        cache.flush()
    assert len(list(tmp_path.iterdir())) == 2
    cache.tidy()
    assert len(list(tmp_path.iterdir())) == 1
    assert ScoreCache(tmp_path, MODEL).look_up(scores) == scores


@pytest.mark.parametrize("gone", [1, 5])
def test_two_jobs_tidy_at_once(gone, tmp_path, monkeypatch):
    """One has made one of some or all shards that the other has listed."""
    monkeypatch.setattr(comet_cache, "MANY", 3)
    scores = {key_of([str(n)]): Kept(n / 4, False) for n in range(5)}
    for key, score in scores.items():
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add({key: score})
        cache.flush()
    shards = cache._paths()
    whole = cache._write(scores)
    for path in shards[:gone]:
        path.unlink()
    monkeypatch.setattr(cache, "_paths", lambda: shards)
    cache.tidy()
    assert whole in list(tmp_path.iterdir())
    assert ScoreCache(tmp_path, MODEL).look_up(scores) == scores


def test_what_a_killed_job_left_is_removed_in_time(tmp_path, monkeypatch):
    (tmp_path / ".abc.host-1.tmp.npz").write_bytes(b"half")
    cache = ScoreCache(tmp_path, ABOUT)
    cache.tidy()
    assert len(list(tmp_path.iterdir())) == 1, "it may be another job's that is at work"
    monkeypatch.setattr(comet_cache, "STALE_SECONDS", -1.0)
    cache.tidy()
    assert list(tmp_path.iterdir()) == []


def test_scores_are_kept_to_six_decimals():
    assert rounded(0.12345678) == 0.123457
