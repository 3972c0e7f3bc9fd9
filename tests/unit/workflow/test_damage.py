"""workflow.provenance.damage: what is truncated or no file of its kind is found; all else is left alone."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import pytest

from tests.unit.workflow.small_results import experiment
from workflow_scripts.workflow.provenance.damage import damaged_files
from workflow_scripts.workflow.stages import jobs_of


def tensors(data: bytes) -> bytes:
    header = json.dumps(
        {"__metadata__": {}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    ).encode()
    return struct.pack("<Q", len(header)) + header + data


def lay_down(results: Path) -> None:
    for folder in ("scores/baseline/s1", "masks/baseline/s1", "systems/baseline/s1", "data", "training/x"):
        (results / folder).mkdir(parents=True)
    (results / "scores/baseline/s1/test.raw.json").write_text('{"a": 1}')
    (results / "data/card.json").write_text("{}")
    with zipfile.ZipFile(results / "masks/baseline/s1/k95.npz", "w") as archive:
        archive.writestr("bits.npy", b"x" * 100)
    (results / "systems/baseline/s1/model.safetensors").write_bytes(tensors(b"\0" * 8))


def damaged(folder: Path) -> dict[str, str]:
    """What is said of outputs of these names."""
    names = ("scores/baseline/s1/test.raw.json", "data/card.json", "masks/baseline/s1/k95.npz")
    return damaged_files(folder, [*names, "systems/baseline/s1/model.safetensors", "data/notes.txt"])


def test_whole_files_are_no_damage_and_nothing_at_all_is_none(tmp_path: Path) -> None:
    assert damaged(tmp_path) == {}
    lay_down(tmp_path)
    assert damaged(tmp_path) == {}


def test_each_kind_of_damage_is_named(tmp_path: Path) -> None:
    lay_down(tmp_path)
    for name in ("scores/baseline/s1/test.raw.json", "masks/baseline/s1/k95.npz"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-3])
    weights = tmp_path / "systems/baseline/s1/model.safetensors"
    whole = weights.stat().st_size
    weights.write_bytes(weights.read_bytes()[:-4])
    (tmp_path / "data/card.json").write_bytes(b"")
    found = damaged(tmp_path)
    assert [str(Path(path).relative_to(tmp_path)) for path in found] == [
        "data/card.json",
        "masks/baseline/s1/k95.npz",
        "scores/baseline/s1/test.raw.json",
        "systems/baseline/s1/model.safetensors",
    ]
    assert found[str(weights)] == f"{whole - 4} bytes, its header says {whole}"
    assert [problem.split(" (")[0] for problem in found.values()][:3] == [
        "not JSON",
        "not an archive",
        "not JSON",
    ]


@pytest.mark.parametrize("content", ["[]", "null", '"x"', "5"])
def test_json_of_another_type_is_damage(content: str, tmp_path: Path) -> None:
    """Every JSON file of results is an object; a job that reads another thing fails."""
    lay_down(tmp_path)
    (tmp_path / "data/card.json").write_text(content)
    assert damaged(tmp_path) == {
        str(tmp_path / "data/card.json"): "JSON, but no object, which every result is"
    }


def test_every_output_of_a_checkable_form_is_looked_at(tmp_path: Path) -> None:
    """Also of a stage that is new: what it makes is declared."""
    outputs = [file for job in jobs_of(experiment()) for file in job.outputs]
    checked = [file for file in outputs if file.endswith((".json", ".npz", ".safetensors"))]
    folders = {file.partition("/")[0] for file in checked}
    assert folders >= {"data", "systems", "activations", "masks", "scores", "tables"}
    for file in outputs:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text('{"a": ')
    assert [*damaged_files(tmp_path, outputs)] == sorted(str(tmp_path / file) for file in checked)


def test_a_header_that_is_cut_or_none_is_damage(tmp_path: Path) -> None:
    lay_down(tmp_path)
    weights = tmp_path / "systems/baseline/s1/model.safetensors"
    for content in (tensors(b"\0" * 8)[:30], b"abc", b"", struct.pack("<Q", 2) + b"[]"):
        weights.write_bytes(content)
        assert list(damaged(tmp_path)) == [str(weights)]


def test_training_folders_and_half_written_files_are_not_looked_at(tmp_path: Path) -> None:
    lay_down(tmp_path)
    (tmp_path / "training/x/history.json").write_text("{")
    (tmp_path / "scores/baseline/s1/.test.raw.12.tmp.json").write_text("{")
    (tmp_path / "data/notes.txt").write_text("{")
    assert damaged(tmp_path) == {}


def test_whatever_a_reader_says_of_foreign_bytes_is_damage(tmp_path: Path) -> None:
    """Nesting without end, a version of zip that is not there yet, a folder in a file's place."""
    lay_down(tmp_path)
    scores = tmp_path / "scores/baseline/s1/test.raw.json"
    scores.write_text("[" * 100_000)
    masks = tmp_path / "masks/baseline/s1/k95.npz"
    content = bytearray(masks.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 6] = 255  # the version of zip that is needed to read the member
    masks.write_bytes(content)
    weights = tmp_path / "systems/baseline/s1/model.safetensors"
    weights.write_bytes(struct.pack("<Q", 100_000) + b"[" * 100_000)
    card = tmp_path / "data/card.json"
    card.unlink()
    card.mkdir()
    found = damaged(tmp_path)
    assert list(found) == sorted(map(str, (card, masks, scores, weights)))
    assert found[str(card)] == "a folder, not JSON"
    assert found[str(masks)].startswith("not an archive (zip file version ")
    assert found[str(scores)].startswith("not JSON (maximum recursion depth")
    assert found[str(weights)].startswith("not a safetensors file (maximum recursion depth")


def test_the_vocabulary_of_an_exported_model_is_a_list(tmp_path: Path) -> None:
    names = [
        f"export/a/s1/ctranslate2/{direction}/shared_vocabulary.json" for direction in ("de-en", "en-de")
    ]
    for name, content in zip(names, ('["a"]', "{}"), strict=True):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(content)
    assert damaged_files(tmp_path, names) == {str(tmp_path / names[1]): "JSON, but no list of symbols"}
