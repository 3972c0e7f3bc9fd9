"""The cache of segment scores: keys, damage, many shards."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.evaluate import comet_cache
from workflow_scripts.evaluate.comet_cache import ScoreCache, key_of, rounded

ABOUT = {"model": "m", "reads": ["src", "mt"]}


def test_a_key_tells_where_one_text_ends() -> None:
    assert key_of(["a", "bc"]) != key_of(["ab", "c"])
    assert key_of(["a", "b"]) != key_of(["a", "b", ""])
    assert len(key_of(["ä"])) == 16


def test_what_is_written_is_found_by_another(tmp_path: Path) -> None:
    scores = {key_of(["a"]): 0.5, key_of(["b"]): -1.25, b"\0" * 16: 0.25}
    cache = ScoreCache(tmp_path / "m", ABOUT)
    assert cache.reads() is None and cache.look_up(scores) == {}
    cache.add(scores)
    assert not (tmp_path / "m").exists(), "written before flush"
    cache.flush()
    other = ScoreCache(tmp_path / "m", {})
    assert other.reads() == ("src", "mt")
    assert other.look_up([*scores, key_of(["c"])]) == scores
    assert other.look_up(scores) == {}, "looks at a shard once only"


def test_equal_content_is_one_file(tmp_path: Path) -> None:
    for _ in range(2):
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add({key_of(["a"]): 0.5})
        cache.flush()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_shard_is_left_out(
    damage: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("a", "b"):
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add({key_of([text]): 0.5})
        cache.flush()
    victim = sorted(tmp_path.iterdir())[0]
    whole = victim.read_bytes()
    # In the middle of the first array, where only the zip's checksum tells.
    victim.write_bytes(damage if damage is not None else whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    assert len(ScoreCache(tmp_path, {}).look_up([key_of(["a"]), key_of(["b"])])) == 1
    told = capsys.readouterr().err
    assert (
        told.startswith(f"warning: left out, its segments are scored anew: {victim}")
        and told.count("\n") == 1
    )


def test_many_shards_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comet_cache, "MANY", 3)
    scores = {key_of([str(n)]): n / 4 for n in range(5)}
    reader = ScoreCache(tmp_path, {})
    listed = reader._paths
    for key, score in scores.items():
        cache = ScoreCache(tmp_path, ABOUT)
        cache.add({key: score})
        cache.flush()
    before = listed()
    cache.tidy()
    assert len(list(tmp_path.iterdir())) == 1
    assert ScoreCache(tmp_path, {}).look_up(scores) == scores
    # A reader that had listed the small ones looks again.
    answers = iter([before, listed()])
    monkeypatch.setattr(reader, "_paths", lambda: next(answers))
    assert reader.look_up(scores) == scores


def test_what_a_killed_job_left_is_removed_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".abc.host-1.tmp.npz").write_bytes(b"half")
    cache = ScoreCache(tmp_path, ABOUT)
    cache.tidy()
    assert len(list(tmp_path.iterdir())) == 1, "it may be another job's that is at work"
    monkeypatch.setattr(comet_cache, "STALE_SECONDS", -1.0)
    cache.tidy()
    assert list(tmp_path.iterdir()) == []


def test_scores_are_kept_to_six_decimals() -> None:
    assert rounded(0.12345678) == 0.123457
