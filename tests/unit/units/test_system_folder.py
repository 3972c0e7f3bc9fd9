"""System folders: what is written is what the contract says, and wrong use is refused."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace, ffn_space, model_space
from workflow_scripts.units.system import SystemFolder

ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 3}
WEIGHTS = b"weights"
WEIGHTS_SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


def make(folder, *, mask_rows, made_from=WEIGHTS_SHA256, ffn_dim=3, parent=None):
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "spm.model").write_bytes(b"subwords")
    (folder / "dict.txt").write_text("a 1\n")
    if any(mask_rows.values()):
        keep = np.array([[1, 0, 0, 1, 1, 0], [1, 1, 0, 0, 0, 1]], dtype=bool)[:, : 2 * ffn_dim]
        masks = MaskTable(["de-en", "en-de"], keep, ffn_space(1, 1, ffn_dim), {"weights_sha256": made_from})
        masks.write(folder / "masks.npz")
    return SystemFolder.write(
        folder, system="ns-k95", seed=1, languages=["en", "de"], mask_rows=mask_rows,
        architecture=ARCHITECTURE, text={"moses": False}, parent=parent, training={"updates": 5},
    )  # fmt: skip


def test_the_written_description(tmp_path):
    make(tmp_path / "s", mask_rows={"de-en": "de-en", "en-de": None})
    value = json.loads((tmp_path / "s/system.json").read_text())
    assert value["format"] == "neuronspec-system-1"
    assert (value["system"], value["seed"], value["languages"]) == ("ns-k95", 1, ["en", "de"])
    assert value["directions"] == {"de-en": {"mask_row": "de-en"}, "en-de": {"mask_row": None}}
    assert value["files"] == {
        "weights": "model.safetensors",
        "subwords": "spm.model",
        "dictionary": "dict.txt",
        "masks": "masks.npz",
    }
    assert value["sha256"]["model.safetensors"] == WEIGHTS_SHA256
    assert set(value["sha256"]) == {"model.safetensors", "spm.model", "dict.txt", "masks.npz"}
    assert (value["parent"], value["training"]) == (None, {"updates": 5})


def test_read_gives_what_was_written(tmp_path):
    written = make(tmp_path / "s", mask_rows={"de-en": "de-en"})
    read = SystemFolder.read(tmp_path / "s")
    assert read == written
    assert read.weights_sha256 == WEIGHTS_SHA256
    assert (read.weights, read.masks) == (tmp_path / "s/model.safetensors", tmp_path / "s/masks.npz")


def test_masks_of_a_direction(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": "de-en", "fr-en": "en-de", "cs-en": None})
    assert system.masks_of("de-en").row("de-en").tolist() == [True, False, False, True, True, False]
    assert system.masks_of("fr-en").row("fr-en").tolist() == [True, True, False, False, False, True]
    assert system.masks_of("cs-en") is None


def test_without_masks(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": None})
    assert json.loads((tmp_path / "s/system.json").read_text())["files"]["masks"] is None
    assert (system.masks, system.masks_of("de-en")) == (None, None)
    system.verify()


def test_unknown_direction_names_the_nearest(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": None, "fr-en": None})
    with pytest.raises(
        UserError, match=re.escape("has no direction 'de-em'; it has de-en, fr-en (did you mean")
    ):
        system.masks_of("de-em")


def test_masks_from_the_parent_are_accepted_and_from_elsewhere_refused(tmp_path):
    rows = {"de-en": "de-en"}
    parent = {"system": "baseline", "weights_sha256": "cd" * 32}
    assert (
        make(tmp_path / "a", mask_rows=rows, made_from="cd" * 32, parent=parent).masks_of("de-en") is not None
    )
    assert make(tmp_path / "b", mask_rows=rows, parent=parent).masks_of("de-en") is not None
    with pytest.raises(UserError, match="made from weights cdcdcdcdcdcd"):
        make(tmp_path / "c", mask_rows=rows, made_from="cd" * 32).masks_of("de-en")
    with pytest.raises(UserError, match="another model"):
        make(tmp_path / "d", mask_rows=rows, ffn_dim=2).masks_of("de-en")


FULL = {**ARCHITECTURE, "heads": 2, "model_dim": 4}


def of_masks(folder, space, bits, architecture=FULL, **manifest):
    """A system whose masks are these bits over a space."""
    make(folder, mask_rows={"de-en": None})
    keep = np.array([[bit == "1" for bit in bits]])
    MaskTable(["de-en"], keep, space, {"weights_sha256": WEIGHTS_SHA256, **manifest}).write(
        folder / "masks.npz"
    )
    return SystemFolder.write(
        folder, system="s", seed=1, languages=["en", "de"], mask_rows={"de-en": "de-en"},
        architecture=architecture, text={},
    )  # fmt: skip


def test_masks_are_of_a_part_of_the_units(tmp_path):
    everything = model_space(FULL, ["ffn", "head", "resid"])
    # Encoder neurons and decoder residual dimensions: the other stack's are kept.
    part = UnitSpace(g for g in everything.groups if g.key in ("encoder.0.ffn", "decoder.0.resid"))
    mixed = of_masks(tmp_path / "mixed", part, "0100011").masks_of("de-en")
    assert (mixed.space, mixed.row("de-en").astype(int).tolist()) == (part, [0, 1, 0, 0, 0, 1, 1])
    # Masks for a direction that was not trained may be of another kind.
    row, heads = np.array([[1, 0, 1, 1, 1, 1]], dtype=bool), everything.part(["head"])
    MaskTable(["en-de"], row, heads, {"weights_sha256": WEIGHTS_SHA256}).write(tmp_path / "m.npz")
    plain = of_masks(tmp_path / "ffn", ffn_space(1, 1, 3), "110101").with_masks(tmp_path / "m.npz", "en-de")
    assert plain.masks_of("en-de").row("en-de").astype(int).tolist() == [1, 0, 1, 1, 1, 1]
    assert plain.masks_of("de-en").space == ffn_space(1, 1, 3)


def test_masks_that_do_not_fit(tmp_path):
    heads = model_space(FULL, ["head"])
    with pytest.raises(UserError, match=r"architecture\.heads is missing; units of kind head need it"):
        of_masks(tmp_path / "a", heads, "011011", ARCHITECTURE).masks_of("de-en")
    with pytest.raises(UserError, match="masks are for another model"):
        of_masks(tmp_path / "b", heads, "011011", {**FULL, "heads": 1}).masks_of("de-en")
    gated = of_masks(tmp_path / "c", heads, "011011", gate={"head": "mean"}).masks_of("de-en")
    assert (gated.rows, gated.gates) == (("de-en",), {"head": "mean"})


def test_port_weights_and_adapters_of_single_directions(tmp_path):
    folder = tmp_path / "s"
    make(folder, mask_rows={"de-en": None})
    (folder / "de.safetensors").write_bytes(b"German")
    common = {
        "system": "s", "seed": 1, "languages": ["en", "de"], "architecture": ARCHITECTURE, "text": {},
        "mask_rows": {"de-en": None, "en-de": None},
    }  # fmt: skip
    plain = SystemFolder.write(folder, **common)
    assert "port" not in json.loads((folder / "system.json").read_text()) and plain.port == "fairseq"
    system = SystemFolder.write(folder, **common, port="marian", own_weights={"de-en": "de.safetensors"})
    value = json.loads((folder / "system.json").read_text())
    assert value["directions"] == {
        "de-en": {"mask_row": None, "weights": "de.safetensors"},
        "en-de": {"mask_row": None},
    }
    assert value["sha256"]["de.safetensors"] == hashlib.sha256(b"German").hexdigest()
    assert SystemFolder.read(folder) == system and system.port == "marian"
    assert system.weights_of("de-en") == folder / "de.safetensors"
    assert system.weights_of("en-de") == folder / "model.safetensors"
    assert system.weights_sha256_of("de-en") == hashlib.sha256(b"German").hexdigest()
    assert system.weights_sha256_of("en-de") == WEIGHTS_SHA256
    with pytest.raises(UserError, match="de-en has weights of its own, which is not supported here"):
        _ = system.weights
    with pytest.raises(UserError, match="'s' has weights of its own for each direction, and none for de-de"):
        system.weights_of("de-de")
    (folder / "de.safetensors").write_bytes(b"changed")
    with pytest.raises(UserError, match=r"de\.safetensors: SHA-256"):
        system.verify()
    with pytest.raises(UserError, match=r"de\.safetensors: SHA-256"):
        system.verify("de-en")
    system.verify("en-de")  # which is not translated with that file
    (folder / "model.safetensors").write_bytes(b"changed")
    with pytest.raises(UserError, match=r"model\.safetensors: SHA-256"):
        system.verify("en-de")
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    with pytest.raises(FileNotFoundError):
        SystemFolder.write(folder, **common, adapters={"kind": "lora", "size": 8})
    (folder / "adapters.safetensors").write_bytes(b"small")
    kind = {"kind": "lora", "size": 8}
    adapted = SystemFolder.write(folder, **common, adapter_rows={"en-de": "germanic"}, adapters=kind)
    # Counts through an adapter are not of the weights alone; the other direction has none.
    row = f"{WEIGHTS_SHA256} {hashlib.sha256(b'small').hexdigest()} germanic"
    assert adapted.weights_sha256_of("en-de") == hashlib.sha256(row.encode()).hexdigest()
    assert adapted.weights_sha256_of("de-en") == WEIGHTS_SHA256
    value = json.loads((folder / "system.json").read_text())
    assert value["adapters"] == {"file": "adapters.safetensors", **kind}
    assert value["directions"]["en-de"] == {"mask_row": None, "adapter_row": "germanic"}
    assert (SystemFolder.read(folder), adapted.adapter_rows) == (adapted, {"en-de": "germanic"})
    assert adapted.weights_of("en-de") == folder / "model.safetensors"
    assert adapted.adapter_of("en-de") == (folder / "adapters.safetensors", "germanic", "lora", 8)
    assert adapted.adapter_of("de-en") is None
    with pytest.raises(
        UserError, match="'s' has an adapter of its own for each direction, and none for de-de"
    ):
        adapted.adapter_of("de-de")
    with pytest.raises(UserError, match="en-de has an adapter, which is not supported here"):
        _ = adapted.weights
    (folder / "adapters.safetensors").write_bytes(b"changed")
    with pytest.raises(UserError, match=r"adapters\.safetensors: SHA-256"):
        adapted.verify()


def test_another_port_has_files_of_its_own_and_stacks_of_different_sizes(tmp_path):
    shape = {
        "encoder_layers": 2, "decoder_layers": 1, "encoder_ffn_dim": 4, "decoder_ffn_dim": 3,
        "encoder_heads": 2, "decoder_heads": 1,
    }  # fmt: skip
    (tmp_path / "w.safetensors").write_bytes(WEIGHTS)
    (tmp_path / "config.json").write_text("{}")
    written = SystemFolder.write(
        tmp_path, system="s", seed=1, languages=["en", "de"], mask_rows={"de-en": None}, architecture=shape,
        text={}, port="another", files={"weights": "w.safetensors", "config.json": "config.json"},
        encoder_langtok="tgt",
    )  # fmt: skip
    system = SystemFolder.read(tmp_path)
    assert (system, system.encoder_langtok) == (written, "tgt")
    assert system.weights == tmp_path / "w.safetensors" and set(system.sha256) == {
        *("w.safetensors", "config.json")
    }
    groups = [(group.key, group.size) for group in system.space_of(["ffn", "head"]).groups]
    assert groups == [
        *(("encoder.0.ffn", 4), ("encoder.1.ffn", 4), ("decoder.0.ffn", 3)),
        *(("encoder.0.self", 2), ("encoder.1.self", 2), ("decoder.0.self", 1), ("decoder.0.cross", 1)),
    ]
    path = tmp_path / "system.json"
    value = json.loads(path.read_text())
    for changed, message in (
        ({"port": "fairseq"}, "files.subwords is missing"),
        ({"files": {}, "sha256": {}}, "files.weights is missing"),
        ({"architecture": {**shape, "decoder_heads": 0}}, "architecture.decoder_heads is 0"),
        ({"architecture": {**shape, "decoder_ffn_dim": "3"}}, "architecture.decoder_ffn_dim is '3'"),
        (
            {"architecture": {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 3}},
            "ffn_dim is None",
        ),
        # With a size of both stacks, too: the one of its own is taken.
        (
            {
                "architecture": {
                    "encoder_layers": 1,
                    "decoder_layers": 1,
                    "ffn_dim": 3,
                    "encoder_ffn_dim": "x",
                }
            },
            "architecture.encoder_ffn_dim is 'x'",
        ),
        (
            {"architecture": {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 0, "encoder_ffn_dim": 3}},
            "architecture.ffn_dim is 0",
        ),
    ):
        path.write_text(json.dumps(value | changed))
        with pytest.raises(UserError, match=re.escape(message)):
            SystemFolder.read(tmp_path)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"mask_row": None, "weights": 3}, "directions.de-en.weights is 3, not text"),
        ({"mask_row": None, "weights": "../w"}, "directions.de-en.weights is '../w', not the name of a file"),
        ({"mask_row": None, "weights": "w.safetensors"}, "sha256 lacks 'w.safetensors'"),
        ({"mask_row": None, "adapter_row": []}, "directions.de-en.adapter_row is [], not text"),
        (
            {"mask_row": None, "adapter_row": "de"},
            "directions.de-en.adapter_row is 'de', but adapters is missing",
        ),
    ],
)
def test_a_wrong_entry_of_a_direction(tmp_path, entry, message):
    make(tmp_path / "s", mask_rows={"de-en": None})
    path = tmp_path / "s/system.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"directions": {"de-en": entry}}))
    with pytest.raises(UserError, match=re.escape(message)):
        SystemFolder.read(tmp_path / "s")


@pytest.mark.parametrize(
    ("adapters", "message"),
    [
        (3, "adapters is 3, not an object with file, kind and size"),
        ({"kind": "lora", "size": 8}, "not an object with file, kind and size"),
        (
            {"file": "a", "kind": "prefix", "size": 8},
            "adapters.kind is 'prefix', not one of bottleneck, lora",
        ),
        ({"file": "a", "kind": "lora", "size": 0}, "adapters.size is 0, not a positive whole number"),
        ({"file": "../a", "kind": "lora", "size": 8}, "adapters.file is '../a', not the name of a file"),
        ({"file": "a", "kind": "lora", "size": 8}, "sha256 lacks 'a'"),
    ],
)
def test_a_wrong_description_of_adapters(tmp_path, adapters, message):
    make(tmp_path / "s", mask_rows={"de-en": None})
    path = tmp_path / "s/system.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"adapters": adapters}))
    with pytest.raises(UserError, match=re.escape(message)):
        SystemFolder.read(tmp_path / "s")


def test_verify_names_the_changed_file(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": None})
    system.verify()
    (tmp_path / "s/dict.txt").write_text("b 1\n")
    with pytest.raises(UserError, match=r"dict\.txt: SHA-256"):
        system.verify()


def test_a_folder_without_a_system(tmp_path):
    with pytest.raises(UserError, match="no system here"):
        SystemFolder.read(tmp_path)
    (tmp_path / "system.json").write_text('{"format": "neuronspec-system-9"}')
    with pytest.raises(UserError, match="neuronspec-system-9"):
        SystemFolder.read(tmp_path)
    (tmp_path / "system.json").write_text('{"format": "neuronspec-system-1"}')
    with pytest.raises(UserError, match="system is missing; export the system again"):
        SystemFolder.read(tmp_path)


def test_a_direction_added_for_evaluation_brings_its_own_row(tmp_path):
    system = make(tmp_path / "masked", mask_rows={"de-en": "de-en"})
    assert system.mask_row("en-de") == "en-de"
    # The folder's own file is not asked, even where it has such a row: only trained directions are its.
    with pytest.raises(UserError, match=r"en-de was not trained, .* give it with --masks FILE"):
        system.masks_of("en-de")
    row = np.array([[0, 1, 1, 0, 0, 1]], dtype=bool)
    MaskTable(["en-de"], row, ffn_space(1, 1, 3), {"weights_sha256": WEIGHTS_SHA256}).write(
        tmp_path / "m.npz"
    )
    more = system.with_masks(tmp_path / "m.npz", "en-de")
    assert more.masks_of("en-de").row("en-de").tolist() == [False, True, True, False, False, True]
    assert more.masks_of("de-en").row("de-en").tolist() == [True, False, False, True, True, False]
    MaskTable(["en-de"], row, ffn_space(1, 1, 3), {"weights_sha256": "ef" * 32}).write(tmp_path / "m.npz")
    with pytest.raises(UserError, match="masks were made from weights efefefefefef"):
        more.masks_of("en-de")
    plain = make(tmp_path / "plain", mask_rows={"de-en": None})
    assert plain.mask_row("en-de") is None
    # A file that would not be used is refused, not passed over.
    for direction in ("de-en", "en-de"):
        with pytest.raises(
            UserError, match=rf"m\.npz: '.+' translates {direction} without it; such masks are"
        ):
            plain.with_masks(tmp_path / "m.npz", direction)
        assert plain.with_masks(None, direction).more_masks is None
    # Of another experiment, which trained this direction: the row is its own.
    own = system.with_masks(tmp_path / "m.npz", "de-en").masks_of("de-en")
    assert own.row("de-en").tolist() == [True, False, False, True, True, False]
    with pytest.raises(UserError, match="no direction 'de-de'"):
        system.mask_row("de-de")
