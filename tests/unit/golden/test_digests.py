"""What `make golden` compares: a changed last bit is seen, what a run cost is not."""

import json

import numpy as np
import pytest

from tests.golden.digests import digest, digests
from tests.golden.golden import checkout_of, compare
from workflow_scripts.common.archive import write_archive


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return digest(path)


def test_costs_are_left_out_at_any_depth(tmp_path):
    one = written(tmp_path / "a.json", '{"training": {"seconds": 1.5, "best": 2.25}, "code": "aa"}')
    two = written(tmp_path / "b.json", '{"training": {"best": 2.25, "seconds": 9.0}}')
    other = written(tmp_path / "c.json", '{"training": {"best": 2.5}}')
    assert one == two != other


@pytest.mark.parametrize(
    ("name", "form"), [("a.json", '{{"score": {}, "n": 3}}'), ("a.csv", "system,score\nbase,{}\n")]
)
def test_last_digits_of_a_figure(tmp_path, name, form):
    """1/3 and its neighbour differ in the sixteenth digit, 0.33333334 in the eighth."""
    third = written(tmp_path / name, form.format("0.3333333333333333"))
    neighbour = written(tmp_path / name, form.format("0.33333333333333337"))
    other = written(tmp_path / name, form.format("0.33333334"))
    assert third["sha256"] != neighbour["sha256"]
    assert third["digits"] == neighbour["digits"] != other["digits"]
    assert compare({"x": third}, {"x": neighbour}) == ([], ["x"])
    assert compare({"x": third}, {"x": other}) == (["x: differs"], [])


def test_a_whole_number_has_no_last_digits(tmp_path):
    one = written(tmp_path / "a.csv", "n\n1000000001\n")
    two = written(tmp_path / "a.csv", "n\n1000000002\n")
    assert compare({"x": one}, {"x": two}) == (["x: differs"], [])


def test_the_table_of_costs_is_no_result(tmp_path):
    for name in ("tables/costs.md", "tables/costs.csv", "tables/scores.md", "analysis/costs.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert list(digests(tmp_path)) == ["analysis/costs.md", "tables/scores.md"]


def test_an_archive_is_its_arrays_and_its_manifest(tmp_path):
    path = tmp_path / "a.npz"
    found = []
    for count, manifest in (
        (5, {"format": "f", "seconds": 1.0}),
        (5, {"format": "f", "seconds": 2.0}),
        (6, {"format": "f"}),
        (5, {"format": "g"}),
    ):
        write_archive(path, {"counts": np.array([1, count])}, manifest)
        found.append(digest(path)["sha256"])
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_weights_are_their_bytes_not_their_place(tmp_path):
    def tensors(order, values, note):
        header = {"__metadata__": {"note": note}}
        body = b""
        for name in order:
            data = np.float32(values[name]).tobytes()
            header[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(body), len(body) + len(data)]}
            body += data
        text = json.dumps(header).encode()
        path = tmp_path / "model.safetensors"
        path.write_bytes(len(text).to_bytes(8, "little") + text + body)
        return digest(path)["sha256"]

    values = {"a": 1.0, "b": 2.0}
    assert tensors(["a", "b"], values, "one") == tensors(["b", "a"], values, "two")
    assert tensors(["a", "b"], values, "") != tensors(
        ["a", "b"], {**values, "b": float(np.nextafter(np.float32(2), np.float32(3)))}, ""
    )


def test_results_only_and_what_is_lost_or_new(tmp_path):
    for name in ("logs/a.log", "training/x/s1/checkpoint.pt", "masks/k70.json", "manifest.json", "t.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    found = digests(tmp_path)
    assert list(found) == ["masks/k70.json", "t.txt"]
    assert compare({"t.txt": found["t.txt"], "gone.txt": {"sha256": ""}}, found) == (
        ["gone.txt: missing", "masks/k70.json: new"],
        [],
    )


def test_a_commit_that_is_not_there_is_named():
    with pytest.raises(SystemExit, match=r"^error: AGAINST=no-such-commit: "), checkout_of("no-such-commit"):
        pass
