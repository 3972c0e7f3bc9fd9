"""The picture of the README shows kept figures, and is small."""

from tests.results_picture import PICTURE, losses


def test_what_is_drawn_is_what_was_measured():
    out, into = losses("out of en").round(3).tolist(), losses("into en").round(3).tolist()
    assert out == [[0.077, 0.003, 0.003], [0.009, 0.115, 0.005], [0.009, 0.004, 0.138]]
    assert into == [[0.004, 0.013, 0.006], [0.021, 0.028, 0.015], [0.01, 0.008, 0.009]]


def test_the_picture_is_small():
    assert PICTURE.read_bytes().startswith(b"\x89PNG") and PICTURE.stat().st_size < 150_000
