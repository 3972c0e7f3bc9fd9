"""How far a stage is."""

from workflow_scripts.analyse import pace


def test_the_rest_takes_as_long_a_part_as_what_is_done(monkeypatch):
    times = iter([100.0, 110.0, 114.0, 130.0])
    monkeypatch.setattr(pace.time, "monotonic", lambda: next(times))
    found = pace.Pace(3)
    # 10 s for one of three; 14 s for two; none is left.
    assert [found.step() for _ in range(3)] == ["1/3, left 20 s", "2/3, left 7 s", "3/3, left 0 s"]
