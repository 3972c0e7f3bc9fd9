"""`make verify` finds a change that a manifest with a made-right hash hides: results hold hashes too."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.unit.workflow.small_results import CONFIG, experiment, lay_down_results
from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, sha256_of, write_json
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.workflow.plan.lineage import Lineage
from workflow_scripts.workflow.provenance.made_with import Made, Settings, digest_of_names
from workflow_scripts.workflow.provenance.manifest import write_manifest
from workflow_scripts.workflow.provenance.verify import main
from workflow_scripts.workflow.software.environments import ROOT

RESULTS = Path("results/tiny")
SPACE = ffn_space(1, 1, 4)
#: Of 100 activations a layer, units 0 and 1 hold 95.
COUNTS = np.array([[60, 35, 4, 1, 35, 60, 1, 4]], dtype=np.int64)
KEPT = np.array([[1, 1, 0, 0, 1, 1, 0, 0]], dtype=bool)
HYPOTHESES, REFERENCES = "translations/ns-k95/s1/news/de-en.txt", "data/text/news/de-en.en.txt"
SCORES, MASKS, SYSTEM = "scores/ns-k95/s1/news.raw.json", "masks/baseline/s1/k95.npz", "systems/ns-k95/s1"
PARENT = "systems/baseline/s1"
COUNTED = "activations/baseline/s1/valid/{}.npz"
BINARISED = "data/bin/valid.de-en.de.bin"


def data_hash(direction: str) -> str:
    """The hash of the hashes of a direction's four binary files."""
    files = [
        RESULTS / f"data/bin/valid.{pair_of(direction)}.{language}.{suffix}"
        for language in split_direction(direction)
        for suffix in ("bin", "idx")
    ]
    return hashlib.sha256(b"".join(bytes.fromhex(sha256_of(file)) for file in files)).hexdigest()


def link_results() -> None:
    """Give the results of one system the hashes of each other that real ones hold."""
    directions = experiment().train_directions
    weights = sha256_of(RESULTS / PARENT / "model.safetensors")
    facts = {"weights_sha256": weights, "counting": "pads excluded"}
    for direction in directions:
        said = {**facts, "data_sha256": data_hash(direction)}
        ScoreTable([direction], COUNTS, SPACE, said).write(RESULTS / COUNTED.format(direction))
    keep = np.repeat(KEPT, len(directions), axis=0)
    MaskTable(directions, keep, SPACE, {**facts, "rule": "mass", "k": "95"}).write(RESULTS / MASKS)
    shutil.copy(RESULTS / MASKS, RESULTS / SYSTEM / "masks.npz")
    describe(weights)
    (RESULTS / HYPOTHESES).write_text("one\ntwo\nthree\n")
    text = {
        "hypotheses_sha256": sha256_of(RESULTS / HYPOTHESES),
        "references_sha256": sha256_of(RESULTS / REFERENCES),
    }
    scores = read_json(RESULTS / SCORES)
    scores["directions"]["de-en"] |= text
    write_json(RESULTS / SCORES, scores)


def describe(weights: str) -> None:
    SystemFolder.write(
        RESULTS / SYSTEM,
        system="ns-k95",
        seed=1,
        languages=["en", "de", "fr"],
        mask_rows={"de-en": "de-en"},
        architecture={"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4, "model_dim": 4},
        text={"moses": False, "normalize_punctuation": False},
        parent={"system": "baseline", "weights_sha256": weights},
    )


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    declared = lay_down_results(tmp_path, experiment())
    link_results()
    Path("config.yaml").write_text(yaml.safe_dump(CONFIG))
    return declared


def verify(files: list[str], capsys: pytest.CaptureFixture[str], **made: Any) -> list[str]:
    """Write the manifest anew, as who hides a change would; return what is found all the same."""
    write_manifest(experiment(), RESULTS, ROOT, files, None, **made)
    try:
        main(["--configfile", "config.yaml"])
    except UserError as error:
        assert "delete what should not have changed" in str(error) or made
    lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if not line.startswith("results/tiny: ")]


def swap_a_line() -> None:
    (RESULTS / HYPOTHESES).write_text("two\none\nthree\n")


def other_reference() -> None:
    (RESULTS / REFERENCES).write_text("another reference\n")


def flip_a_bit(file: str) -> Callable[[], None]:
    def flip() -> None:
        table = MaskTable.read(RESULTS / file)
        keep = table.keep.copy()
        keep[0, 2] = True
        MaskTable(table.rows, keep, table.space, table.manifest).write(RESULTS / file)

    return flip


def other_weights() -> None:
    """With the parent's own description made right too."""
    (RESULTS / PARENT / "model.safetensors").write_text("other weights\n")
    said = read_json(RESULTS / PARENT / "system.json")
    said["sha256"]["model.safetensors"] = sha256_of(RESULTS / PARENT / "model.safetensors")
    write_json(RESULTS / PARENT / "system.json", said)


def other_binary() -> None:
    (RESULTS / BINARISED).write_text("other ids\n")


def other_vocabulary() -> None:
    """With the system's own description made right too; the last two pieces have changed places."""
    (RESULTS / SYSTEM / "dict.txt").write_text("b 1\na 1\n")
    said = read_json(RESULTS / SYSTEM / "system.json")
    said["sha256"]["dict.txt"] = sha256_of(RESULTS / SYSTEM / "dict.txt")
    write_json(RESULTS / SYSTEM / "system.json", said)


def scores_of_another() -> None:
    said = read_json(RESULTS / SCORES)
    write_json(RESULTS / SCORES, {"system": "continued", "seed": 2, **said, "profile": "paper"})


def test_linked_results_are_found_to_be_well(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(files, capsys) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (swap_a_line, [f"{HYPOTHESES}: {SCORES} was made from another: "]),
        (other_reference, [f"{REFERENCES}: {SCORES} was made from another: "]),
        (
            flip_a_bit(MASKS),
            [
                f"{MASKS}: {SYSTEM}/system.json was made from another: ",
                f"{MASKS}: row en-de does not follow from {COUNTED.format('en-de')}",
            ],
        ),
        (flip_a_bit(f"{SYSTEM}/masks.npz"), [f"{SYSTEM}/masks.npz: not the system's: "]),
        (
            other_weights,
            [f"{PARENT}/model.safetensors: {SYSTEM}/system.json and 5 more were made from another: "],
        ),
        (
            other_vocabulary,
            [f"data/subwords/dict.txt: {SYSTEM}/system.json was made from another: "],
        ),
        (
            scores_of_another,
            [
                f"{SCORES}: profile is 'paper', its path says 'raw'",
                f"{SCORES}: seed is '2', its path says '1'",
                f"{SCORES}: system is 'continued', its path says 'ns-k95'",
            ],
        ),
        (
            other_binary,
            [
                f"{COUNTED.format(direction)}: counted on other binarised text of {direction} than there is"
                for direction in ("de-en", "en-de")
            ],
        ),
    ],
)
def test_a_change_that_the_manifest_hides(
    change: Callable[[], None], found: list[str], files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    change()
    lines = sorted(verify(files, capsys))
    assert len(lines) == len(found)
    for line, start in zip(lines, sorted(found), strict=True):
        assert line.startswith(start)


def score_by_hand() -> None:
    said = read_json(RESULTS / SCORES)
    said["directions"]["de-en"]["scores"][0]["score"] = 37.2
    write_json(RESULTS / SCORES, said)


def test_a_figure_by_hand_is_not_what_was_made_of_it_read(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two systems' scores, one changed; the other was read by a test of its own, which agrees."""
    other = "scores/continued/s1/news.raw.json"
    tested = "significance/continued/s1/news.raw.json"
    read = {name: [f"{RESULTS}/{one}" for one in own] for name, own in (
        ("tables/summary.csv", [SCORES, other]), ("tables/scores.md", [SCORES, other]), (tested, [other])
    )}  # fmt: skip
    made = {
        f"{RESULTS}/{name}": Made(Settings("x", "", {}), tuple(of), tuple(sorted(map(below, of))), ())
        for name, of in read.items()
    }
    reads = {digest_of_names(of): [*map(below, of)] for of in read.values()}
    assert verify(files, capsys, made=made, reads=reads) == []
    score_by_hand()
    # The next run knows of no reason to make the tables again: it has nothing to say of what made them.
    assert verify(files, capsys, reads=reads) == [
        f"{SCORES}: tables/scores.md and 1 more were made from other content"
    ]
    # What explains one thing may explain the others.
    write_json(RESULTS / other, {**read_json(RESULTS / other), "profile": "raw", "note": 1})
    assert verify(files, capsys, reads=reads) == [f"{other}: {tested} was made from other content"]
    (RESULTS / tested).unlink()
    lines = verify([name for name in files if not name.endswith(tested)], capsys, reads=reads)
    assert [line for line in lines if "manifest" not in line] == [
        f"{other} or another of 2: tables/scores.md and 1 more were made from other content"
    ]
    swap_a_line()
    assert f"{HYPOTHESES}: {SCORES} was made from another: " in "\n".join(verify(files, capsys))


def below(file: str) -> str:
    return file.removeprefix(f"{RESULTS}/")


def test_what_the_card_and_statistics_say_of_text(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = "data/text/valid/de-en.de.txt"
    digest = sha256_of(RESULTS / name)
    write_json(RESULTS / "data/text/valid/de-en.json", {"sha256": {"de": digest}})
    write_json(
        RESULTS / "data/bin/valid.de-en.de.json", {"made_from": {"text": digest}, "sha256": {"bin": "0" * 64}}
    )
    lines = verify(files, capsys)
    assert len(lines) == 1
    assert lines[0].startswith(
        f"{BINARISED}: data/bin/valid.de-en.de.json was made from another: 000000000000 there"
    )
    (RESULTS / name).write_text("another line\n")
    lines = verify(files, capsys)
    assert len(lines) == 2
    assert lines[1].startswith(
        f"{name}: data/bin/valid.de-en.de.json and 1 more were made from another: {digest[:12]}"
    )


def test_a_text_of_the_user_s_that_was_replaced(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`make why` says that what was made of it would be made again."""
    Path("text").mkdir()
    text = Path("text/news.de")
    text.write_text("a line\n")
    name = f"{RESULTS}/data/text/news/de-en.de.txt"
    read = (("text/news.de", sha256_of(text)), ("…/elsewhere.en", "0" * 64))
    settings = Settings("prepare_text", "", {})
    made = {name: Made(settings, ("text/news.de", "…/elsewhere.en"), (), read)}
    assert verify(files, capsys, made=made) == []
    text.write_text("another one\n")
    os.utime(text, (1, 1))
    lines = verify(files, capsys, made=made)
    assert len(lines) == 1
    assert lines[0].startswith("text/news.de: data/text/news/de-en.de.txt was made from another: ")
    text.unlink()
    assert verify(files, capsys, made=made) == []


def test_odd_json_in_results_is_no_claim(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_json(
        RESULTS / SCORES,
        {
            "profile": "raw",
            "directions": {"x": {"scores": []}, "de-en": {"scores": [], "hypotheses_sha256": 5}},
        },
    )
    write_json(RESULTS / "data/bin/valid.de-en.de.json", [1])
    write_json(RESULTS / "data/text/valid/de-en.json", {"sha256": "no object"})
    assert verify(files, capsys) == []


def test_importance_is_of_the_weights_and_the_text_that_there_are(files: list[str]) -> None:
    scored = f"importance/head+ffn/{COUNTED.format('de-en').removeprefix('activations/')}"
    found = {str(Path(file).relative_to(RESULTS)): sha256_of(file) for file in files} | {scored: ""}
    weights = sha256_of(RESULTS / PARENT / "model.safetensors")

    def broken(weights_sha256: str, data_sha256: str) -> tuple[list[str], list[tuple[str, str]]]:
        said = {"weights_sha256": weights_sha256, "data_sha256": data_sha256}
        ScoreTable(["de-en"], COUNTS, SPACE, said).write(RESULTS / scored)
        lineage = Lineage(experiment(), RESULTS, found)
        return [claim.by for claim, _ in lineage.broken()], list(lineage.other_text())

    assert broken(weights, data_hash("de-en")) == ([], [])
    assert broken("ab" * 32, "cd" * 32) == ([scored], [(scored, "de-en")])


def test_scores_of_an_attached_model_are_of_prepared_text(tmp_path: Path) -> None:
    """Source, then target; a direction whose text is not there says nothing."""
    scored = [f"activations/baseline/s1/valid/{direction}.npz" for direction in ("en-de", "de-en", "en-fr")]
    text = {
        f"data/text/valid/de-en.{language}.txt": digit * 64 for language, digit in (("de", "a"), ("en", "b"))
    }
    read = hashlib.sha256(bytes.fromhex("b" * 64 + "a" * 64)).hexdigest()
    for file in scored:
        row = Path(file).stem
        ScoreTable([row], COUNTS, SPACE, {"data_sha256": read}).write(tmp_path / file)
    of = experiment(attach={"model": "their"}, systems={}, train={"seeds": [1]})
    lineage = Lineage(of, tmp_path, text | dict.fromkeys(scored, ""))
    assert list(lineage.other_text()) == [(scored[1], "de-en")]


def test_a_mask_row_must_follow_from_the_scores_that_its_set_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space = ffn_space(1, 1, 3)
    by = {"activations": [5, 3, 1, 1, 3, 5], "importance/ffn": [0.1, 0.2, 0.3, 0.3, 0.2, 0.1]}
    scored = [f"{folder}/baseline/s1/valid/de-en.npz" for folder in by]
    for file, values in zip(scored, by.values(), strict=True):
        ScoreTable(["de-en"], np.array([values]), space, {}).write(file)
    top = {"select": "top:1", "stacks": ["encoder"]}
    sets = {
        "often": top,
        "mattering": {**top, "of": "importance"},
        "like": {"like": "often", "rows": "random"},
    }
    one = experiment(masks={"sets": sets})
    masks = [f"masks/baseline/s1/{name}.npz" for name in sets]
    kept = {"often": "100111", "mattering": "001111", "like": "010111"}
    manifest = {"rule": "top", **top}

    def broken() -> list[tuple[str, str, str]]:
        return list(Lineage(one, tmp_path, dict.fromkeys([*scored, *masks], "")).other_masks())

    def write(name: str, bits: str, **more: str) -> None:
        keep = np.array([[bit == "1" for bit in bits]])
        MaskTable(["de-en"], keep, space, {**manifest, **more}).write(f"masks/baseline/s1/{name}.npz")

    for name, bits in kept.items():
        write(name, bits, **({"like_rule": "top"} if name == "like" else {}))
    assert broken() == []
    write("mattering", kept["often"])
    assert broken() == [(masks[1], "de-en", scored[1])]
