"""train.use_system: a system of another experiment, taken only whole, unchanged and as the config has it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.train import use_vocabulary
from workflow_scripts.train.use_system import main
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.system import SystemFolder

ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 3}


@pytest.fixture
def system(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    for name in ("model.safetensors", "spm.model", "dict.txt"):
        (folder / name).write_text(name)
    SystemFolder.write(
        folder,
        system="baseline",
        seed=2,
        languages=["en", "de"],
        mask_rows={"de-en": None},
        architecture=ARCHITECTURE,
        text={"moses": False},
    )
    return folder


def arguments(source: Path, **changes: object) -> list[str]:
    vocabulary = source.with_name("vocabulary")
    vocabulary.mkdir(exist_ok=True)
    for name in ("spm.model", "dict.txt"):
        (vocabulary / name).write_text(name)
    values: dict[str, object] = {
        "vocabulary": vocabulary,
        "system": "baseline",
        "seed": 2,
        "languages": ["en", "de"],
        "text": json.dumps({"moses": False}),
        "architecture": json.dumps(ARCHITECTURE),
    }
    out = ["--from", str(source), "--out", str(source.with_name("here"))]
    for key, value in (values | changes).items():
        out += [f"--{key}", *([str(one) for one in value] if isinstance(value, list) else [str(value)])]
    return out


def test_a_system_is_copied_byte_for_byte(system):
    main(arguments(system))
    here = {path.name: path.read_bytes() for path in system.with_name("here").iterdir()}
    assert here == {path.name: path.read_bytes() for path in system.iterdir()}
    assert set(here) == {"system.json", "model.safetensors", "spm.model", "dict.txt"}
    # A link would carry the other experiment's times.
    assert all((system.with_name("here") / name).stat().st_nlink == 1 for name in here)


def test_a_changed_file_is_refused(system):
    (system / "model.safetensors").write_text("other")
    with pytest.raises(UserError, match=r"there/model.safetensors: SHA-256 is "):
        main(arguments(system))
    assert not system.with_name("here").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed is 2, this config says 1"),
        ({"languages": ["de", "en"]}, "languages is ['en', 'de'], this config says ['de', 'en']"),
        ({"text": '{"moses": true}'}, "text.moses is False, this config says True"),
        (
            {"architecture": json.dumps({**ARCHITECTURE, "ffn_dim": 4, "heads": 2})},
            "architecture.ffn_dim is 3, this config says 4",
        ),
    ],
)
def test_another_description_is_refused_key_by_key(system, changes, message):
    with pytest.raises(UserError) as caught:
        main(arguments(system, **changes))
    lines = str(caught.value).split("\n")
    assert lines[0] == f"{system}/system.json: {message}"
    assert len(lines) == (2 if "architecture" in changes else 1)
    assert not system.with_name("here").exists()


def test_another_vocabulary_is_refused(system):
    given = arguments(system)
    (system.with_name("vocabulary") / "dict.txt").write_text("other")
    with pytest.raises(
        UserError, match=r"there/dict\.txt: not the same as .*vocabulary/dict\.txt, of the first seed"
    ):
        main(given)
    assert not system.with_name("here").exists()


def finetuned(
    baseline: Path, rule: str, k: str | None, made_from: str, weights: str = "tuned", **more: object
) -> Path:
    """Write a masked system of one direction beside the baseline; `more`: of the masks' manifest."""
    folder = baseline.with_name("masked")
    folder.mkdir()
    for name in ("spm.model", "dict.txt"):
        (folder / name).write_text(name)
    (folder / "model.safetensors").write_text(weights)
    manifest = {"rule": rule, "k": k, "weights_sha256": made_from, **more}
    MaskTable(["de-en"], np.ones((1, 6), dtype=bool), ffn_space(1, 1, 3), manifest).write(
        folder / "masks.npz"
    )
    SystemFolder.write(
        folder,
        system="mine",
        seed=2,
        languages=["en", "de"],
        mask_rows={"de-en": "de-en"},
        architecture=ARCHITECTURE,
        text={"moses": False},
        parent={"system": "baseline", "weights_sha256": made_from},
    )
    return folder


@pytest.mark.parametrize(
    ("rule", "k", "maskset", "message"),
    [
        ("mass", "95", "k95", None),
        ("all", None, "all", None),
        ("mass", "70", "k95", "mine has the masks k70, this config says k95"),
        ("all", None, "k95", "mine has the masks all, this config says k95"),
        ("random", None, "all", "mine has the masks random, this config says all"),
    ],
)
def test_a_system_of_other_masks_is_refused(system, rule, k, maskset, message):
    made_from = SystemFolder.read(system).weights_sha256
    folder = finetuned(system, rule, k, made_from)
    given = [*arguments(folder, system="mine"), "--baseline", str(system), "--masks", maskset]
    if message is None:
        main(given)
        assert (system.with_name("here") / "masks.npz").read_bytes() == (folder / "masks.npz").read_bytes()
    else:
        with pytest.raises(UserError, match=message):
            main(given)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"gate": {"ffn": "zero"}}, 'k95 gate {"ffn": "zero"}'),
        ({"counting": "importance: absolute sum"}, "k95 of importance of ffn"),
        ({"k": None, "select": "mass:95@model"}, "mass:95@model"),
        ({"k": None, "select": "mass:95", "stacks": ["encoder"]}, 'mass:95 stacks ["encoder"]'),
        ({"rule": "shuffled", "like_rule": "mass"}, "shuffled"),
    ],
)
def test_masks_that_differ_from_a_set_of_k_in_one_thing_are_refused(system, facts, found):
    made_from = SystemFolder.read(system).weights_sha256
    folder = finetuned(system, **{"rule": "mass", "k": "95", "made_from": made_from, **facts})
    given = [*arguments(folder, system="mine"), "--baseline", str(system), "--masks", "k95"]
    with pytest.raises(UserError, match=re.escape(f"mine has the masks {found}, this config says k95")):
        main(given)


@pytest.mark.parametrize(("weights", "made"), [("tuned", "finetune"), ("model.safetensors", "none")])
@pytest.mark.parametrize("train", ["finetune", "none"])
def test_a_system_is_taken_only_as_it_was_made(system, weights, made, train):
    folder = finetuned(system, "mass", "95", SystemFolder.read(system).weights_sha256, weights)
    given = [*arguments(folder, system="mine", train=train), "--baseline", str(system), "--masks", "k95"]
    if train == made:
        main(given)
    else:
        with pytest.raises(UserError, match=f"mine has train: {made}, this config says {train}"):
            main(given)


def test_a_system_of_another_baseline_is_refused(system):
    folder = finetuned(system, "mass", "95", "ab" * 32)
    given = [*arguments(folder, system="mine"), "--baseline", str(system), "--masks", "k95"]
    with pytest.raises(UserError, match="made from weights abababababab, the baseline taken has"):
        main(given)


def test_the_vocabulary_is_the_baselines(system):
    out = system.with_name("subwords")
    files = ["--out-model", str(out / "spm.model"), "--out-dict", str(out / "dict.txt")]
    use_vocabulary.main(["--from", str(system), *files])
    assert {path.name: path.read_text() for path in out.iterdir()} == {
        "spm.model": "spm.model",
        "dict.txt": "dict.txt",
    }
    (system / "dict.txt").write_text("changed")
    with pytest.raises(UserError, match=r"dict\.txt: SHA-256 is "):
        use_vocabulary.main(["--from", str(system), *files])
