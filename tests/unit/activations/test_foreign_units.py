"""Counts, masks and lists of units of other programs: what a file says, and the way back."""

from __future__ import annotations

import json
import pickle
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from workflow_scripts.activations.export_units import main as export_units
from workflow_scripts.activations.import_units import import_table
from workflow_scripts.activations.import_units import main as import_units
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import main as select_masks
from workflow_scripts.units.system import SystemFolder

UNITS, WIDTH = 3, 2
DIRECTIONS = ("de-en", "en-de")
ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "model_dim": WIDTH, "ffn_dim": UNITS, "heads": 1}
FC1 = ("encoder.layers.0.fc1.weight", "decoder.layers.0.fc1.weight")


@pytest.fixture
def system(tmp_path):
    folder = tmp_path / "system"
    folder.mkdir()
    for name in ("model.safetensors", "spm.model", "dict.txt"):
        (folder / name).write_text(name)
    return SystemFolder.write(
        folder, system="baseline", seed=1, languages=["en", "de"], text={}, architecture=ARCHITECTURE,
        mask_rows=dict.fromkeys(DIRECTIONS),
    )  # fmt: skip


def run(system, files, out, *options):
    arguments = ["--system", str(system.folder), "--files", str(files), "--directions", *DIRECTIONS]
    import_units([*arguments, *options, "--out", str(out)])


def published_counts(folder, as_array=torch.tensor):
    """As the published code writes them: encoder layers, then decoder layers."""
    for direction, encoder, decoder in (("de-en", [9, 1, 0], [5, 5, 0]), ("en-de", [1, 1, 8], [0, 0, 4])):
        (folder / direction).mkdir(parents=True)
        value = {"encoder_layer_0": as_array(encoder), "decoder_layer_0": as_array(decoder)}
        (folder / direction / "activations.pkl").write_bytes(pickle.dumps(value, protocol=2))
    return folder / "{direction}/activations.pkl"


def published_masks(folder):
    folder.mkdir()
    for direction, encoder, decoder in (("de-en", [1, 0, 1], [1, 1, 1]), ("en-de", [0, 0, 1], [0, 1, 0])):
        rows = [
            torch.tensor(keep).bool()[:, None].expand(UNITS, WIDTH).clone() for keep in (encoder, decoder)
        ]
        torch.save(dict(zip(FC1, rows, strict=True)), folder / f"{direction}.pt")
    return folder / "{direction}.pt"


KEPT = [[1, 0, 1, 1, 1, 1], [0, 0, 1, 0, 1, 0]]


def test_counts_and_the_way_back(tmp_path, system):
    files = published_counts(tmp_path / "theirs")
    run(system, files, tmp_path / "scores.npz", "--scores")
    scores = ScoreTable.read(tmp_path / "scores.npz")
    assert scores.rows == DIRECTIONS
    assert scores.values.tolist() == [[9, 1, 0, 5, 5, 0], [1, 1, 8, 0, 0, 4]]
    system.check_model(scores)
    back = tmp_path / "back/{direction}/activations.pkl"
    export_units(["--units", str(tmp_path / "scores.npz"), "--form", "counts", "--out", str(back)])
    with Path(str(back).format(direction="en-de")).open("rb") as handle:
        written = pickle.load(handle)
    shown = {name: (counts.dtype, counts.tolist()) for name, counts in written.items()}
    encoder, decoder = (torch.int64, [1, 1, 8]), (torch.int64, [0, 0, 4])
    assert shown == {"encoder_layer_0": encoder, "decoder_layer_0": decoder}
    again = import_table(system, str(back), DIRECTIONS)
    assert again.values.tolist() == scores.values.tolist()


def test_counts_become_masks_by_a_selector(tmp_path, system):
    """Four selectors: the direction into the pivot keeps 90 % in the encoder, the other in the decoder."""
    files = published_counts(tmp_path / "theirs")
    four = {"into": {"encoder": "mass:90", "decoder": "all"}, "out": {"encoder": "all", "decoder": "mass:90"}}
    run(system, files, tmp_path / "m.npz", "--select", json.dumps(four), "--pivot", "en")
    assert MaskTable.read(tmp_path / "m.npz").keep.tolist() == [
        [True, False, False, True, True, True],
        [True, True, True, False, False, True],
    ]


def test_counts_that_say_nothing_are_refused(tmp_path, system):
    for direction in DIRECTIONS:
        value = {"encoder_layer_0": torch.tensor([5, 5, 5]), "decoder_layer_0": torch.tensor([5, 5, 5])}
        (tmp_path / f"{direction}.pkl").write_bytes(pickle.dumps(value))
    files = tmp_path / "{direction}.pkl"
    with pytest.raises(UserError, match="--accept-uninformative"):
        run(system, files, tmp_path / "m.npz", "--select", "mass:60")
    run(system, files, tmp_path / "m.npz", "--select", "mass:60", "--accept-uninformative")
    assert MaskTable.read(tmp_path / "m.npz").keep.astype(int).tolist() == [[1, 1, 0, 1, 1, 0]] * 2


def test_a_stack_without_any_count_is_not_saturated(tmp_path, system):
    for direction in DIRECTIONS:
        value = {"encoder_layer_0": torch.tensor([900, 90, 9]), "decoder_layer_0": torch.tensor([0, 0, 0])}
        (tmp_path / f"{direction}.pkl").write_bytes(pickle.dumps(value))
    with pytest.raises(UserError) as error:
        run(system, tmp_path / "{direction}.pkl", tmp_path / "m.npz", "--select", "mass:60")
    assert "all zero: no unit of decoder.0.ffn has a score in 2 of 2 rows" in str(error.value)
    assert "saturated" not in str(error.value)


def test_counts_of_units_that_are_always_active_are_refused(tmp_path, system):
    """The files do not say at how many positions: at 1,000 at least, of which 990 are 99 %. A selector of the
    scores that are made of them says so, too."""
    for direction in DIRECTIONS:
        value = {
            "encoder_layer_0": torch.tensor([1000, 990, 995]),
            "decoder_layer_0": torch.tensor([7, 300, 299]),
        }
        (tmp_path / f"{direction}.pkl").write_bytes(pickle.dumps(value))
    files, out = tmp_path / "{direction}.pkl", tmp_path / "m.npz"
    said = (
        "saturated: 100.0% of the units of encoder.0.ffn are active at 99% of the positions of"
        f" {DIRECTIONS[0]}'s most frequent unit or more (and in 1 more rows and groups)"
    )
    with pytest.raises(UserError, match=re.escape(said)):
        run(system, files, out, "--select", "mass:60")
    run(system, files, out, "--select", "mass:60", "--accept-uninformative")
    accepted = MaskTable.read(out).manifest
    assert said in accepted["accepted_uninformative"][0] and "least_positions" not in accepted
    run(system, files, tmp_path / "scores.npz", "--scores")
    words = [
        "--activations-root",
        str(tmp_path / "scores.npz"),
        "--directions",
        *DIRECTIONS,
        "--out",
        str(out),
    ]
    with pytest.raises(UserError, match=re.escape(said)):
        select_masks([*words, "--select", "mass:60"])
    value["encoder_layer_0"] = torch.tensor([1000, 989, 995])
    for direction in DIRECTIONS:
        (tmp_path / f"{direction}.pkl").write_bytes(pickle.dumps(value))
    run(system, files, out, "--select", "mass:60")
    assert "accepted_uninformative" not in MaskTable.read(out).manifest


@pytest.mark.parametrize("names", [("numpy.core", "numpy.core"), ("numpy.core", "numpy._core")])
def test_pickled_arrays_of_both_numpys(tmp_path, system, names):
    files = published_counts(tmp_path, np.array)
    for file in tmp_path.glob("*/*.pkl"):
        content = file.read_bytes()
        assert b"numpy.core.multiarray" in content or b"numpy._core.multiarray" in content
        content = content.replace(b"numpy._core.", b"numpy.core.")
        file.write_bytes(content.replace(*(f"c{name}.multiarray".encode() for name in names)))
    assert import_table(system, str(files), DIRECTIONS).values[1].tolist() == [1, 1, 8, 0, 0, 4]


def test_arrays_of_the_fifth_protocol(tmp_path, system):
    for direction in DIRECTIONS:
        value = {"encoder_layer_0": np.arange(3), "decoder_layer_0": np.arange(3) + 1}
        (tmp_path / f"{direction}.pkl").write_bytes(pickle.dumps(value, protocol=5))
    table = import_table(system, str(tmp_path / "{direction}.pkl"), DIRECTIONS)
    assert table.values.tolist() == [[0, 1, 2, 1, 2, 3]] * 2


def test_masks_and_the_way_back(tmp_path, system):
    files = published_masks(tmp_path / "theirs")
    run(system, files, tmp_path / "m.npz")
    masks = MaskTable.read(tmp_path / "m.npz")
    assert masks.keep.astype(int).tolist() == KEPT
    assert (masks.gates, masks.manifest["rule"]) == ({"ffn": "row"}, "foreign masks")
    system.check_model(masks)
    export_units(
        ["--units", str(tmp_path / "m.npz"), "--form", "masks", "--width", str(WIDTH), "--out",
         str(tmp_path / "back/{direction}.pt")]
    )  # fmt: skip
    for direction in DIRECTIONS:
        ours = torch.load(tmp_path / f"back/{direction}.pt", weights_only=True)
        theirs = torch.load(tmp_path / f"theirs/{direction}.pt", weights_only=True)
        assert list(ours) == list(theirs)
        assert all(ours[name].dtype == torch.bool and torch.equal(ours[name], theirs[name]) for name in FC1)


def test_lists_and_the_way_back(tmp_path, system):
    lists = [[torch.tensor([0, 2]), torch.tensor([0, 1, 2])], [torch.tensor([2]), torch.tensor([1])]]
    torch.save(lists, tmp_path / "lape.pth")
    run(system, tmp_path / "lape.pth", tmp_path / "m.npz", "--gate", '{"ffn": "zero"}')
    masks = MaskTable.read(tmp_path / "m.npz")
    assert masks.keep.astype(int).tolist() == KEPT
    assert masks.gates == {"ffn": "zero"}
    export_units(["--units", str(tmp_path / "m.npz"), "--form", "lists", "--out", str(tmp_path / "back.pth")])
    back = torch.load(tmp_path / "back.pth", weights_only=True)
    assert [[one.tolist() for one in layers] for layers in back] == [[[0, 2], [0, 1, 2]], [[2], [1]]]


def test_lists_of_languages(tmp_path, system):
    """English lists first, as the system's languages are: de-en has German's encoder, English's decoder."""
    torch.save([[torch.tensor([0]), [1]], [torch.tensor([]), torch.tensor([2])]], tmp_path / "lape.pth")
    run(system, tmp_path / "lape.pth", tmp_path / "m.npz", "--by", "language")
    assert MaskTable.read(tmp_path / "m.npz").keep.astype(int).tolist() == [
        [0, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, 1],
    ]


def test_what_the_restricted_loader_leaves_out_by_default(tmp_path, system):
    """A defaultdict of arrays is a dictionary of masks; a numpy number or a path is named for what it is."""
    for direction in DIRECTIONS:
        value = defaultdict(list, {name: np.ones((UNITS, WIDTH), bool) for name in FC1})
        torch.save(value, tmp_path / f"{direction}.pt")
    files = str(tmp_path / "{direction}.pt")
    assert import_table(system, files, DIRECTIONS).keep.all()
    for wrong, kind in ((np.float64(1), "a float64"), (Path("masks/de-en.pt"), "a PurePosixPath")):
        torch.save({FC1[0]: wrong, FC1[1]: wrong}, tmp_path / "de-en.pt")
        with pytest.raises(UserError, match=f"{FC1[0]} is {kind}, not a tensor of bool .*: save a tensor"):
            import_table(system, files, DIRECTIONS)


def masks_of(encoder):
    return {FC1[0]: encoder, FC1[1]: torch.ones(UNITS, WIDTH, dtype=torch.bool)}


UNEVEN = torch.tensor([[True, True], [True, False], [False, False]])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            masks_of(UNEVEN),
            "encoder.layers.0.fc1.weight: row 1 keeps a part of its weights: a mask of",
        ),
        (masks_of(torch.ones(4, WIDTH)), "is float32 [4, 2], this model needs bool [3, 2]"),
        (masks_of(torch.full((UNITS, WIDTH), 0.5)), "is float32 [3, 2], and has other values than 0 and 1"),
        (
            {FC1[0]: torch.ones(UNITS, WIDTH)},
            "decoder.layers.0.fc1.weight is missing; this model has 2 layers",
        ),
        ({**masks_of(UNEVEN), "encoder.layers.1.fc1.weight": 1}, "'encoder.layers.1.fc1.weight' is no layer"),
        ({"model": 1}, "a dictionary of 'model'; neither counts ('encoder_layer_0': int64 [units]), masks"),
        (torch.ones(2), "a Tensor; neither counts"),
        (masks_of(torch.ones(UNITS, 5)), "is float32 [3, 5], this model needs bool [3, 2]"),
        ({}, "an empty dictionary; neither counts"),
        ([[[0], [1]]], "holds lists of all tasks: leave out {direction}"),
    ],
)
def test_wrong_masks(tmp_path, system, value, message):
    torch.save(value, tmp_path / "de-en.pt")
    with pytest.raises(UserError) as error:
        import_table(system, str(tmp_path / "{direction}.pt"), DIRECTIONS)
    assert str(error.value).startswith(f"{tmp_path}/de-en.pt: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[[0], [1]]], "lists of 1 tasks, 2 are needed: de-en en-de"),
        ([[[0]], [[1]]], "of de-en it has 1 layers, this model has 2"),
        ([[[0], [3]], [[1], [1]]], "decoder.0.ffn of de-en lists unit 3, it has 3"),
        ([[[0], [-1]], [[1], [1]]], "decoder.0.ffn of de-en lists unit -1, it has 3"),
        ([[[0], torch.tensor([0.5])], [[1], [1]]], "decoder.0.ffn of de-en is float32 [1], not a list of"),
        # Bits of a mask, in three forms.
        ([[[0], [True, False, True]], [[1], [1]]], "decoder.0.ffn of de-en is a list, not a tensor of"),
        ([[[0], torch.tensor([True, False, True])], [[1], [1]]], "is bool [3], not a list of indices"),
        (
            [[[0], torch.tensor([1, 0, 1])], [[1], [1]]],
            "decoder.0.ffn of de-en lists unit 1 2 times: bits",
        ),
        ([[[10**30], [1]], [[1], [1]]], "encoder.0.ffn of de-en is object [1], not a list of indices"),
        ([{}, {}], "of de-en it has a dict, this model has 2"),
        (masks_of(UNEVEN), "holds masks of one task: the pattern needs {direction}"),
    ],
)
def test_wrong_lists(tmp_path, system, value, message):
    torch.save(value, tmp_path / "lape.pth")
    with pytest.raises(UserError) as error:
        import_table(system, str(tmp_path / "lape.pth"), DIRECTIONS)
    assert message in str(error.value)


class Harmless:
    """A pickle of it calls a function that does nothing."""

    def __reduce__(self):
        return print, ()


def test_wrong_counts(tmp_path, system):
    files, file = str(tmp_path / "{direction}.pkl"), tmp_path / "de-en.pkl"
    right = {"encoder_layer_0": torch.tensor([1, 2, 3]), "decoder_layer_0": torch.tensor([1, 2, 3])}
    for change, message in (
        (Harmless(), "not opened: it asks for builtins.print, which no file of numbers needs"),
        (
            {**right, "encoder_layer_0": torch.tensor([1, 2])},
            "encoder_layer_0 is int64 [2], this model needs",
        ),
        ({**right, "encoder_layer_0": torch.tensor([1, 2, -3])}, "encoder_layer_0 has negative counts"),
        (
            {**right, "encoder_layer_0": torch.tensor([1, 2, 0.5])},
            "is float32 [3], this model needs int64 [3]",
        ),
    ):
        file.write_bytes(pickle.dumps(change))
        with pytest.raises(UserError) as error:
            import_table(system, files, DIRECTIONS)
        assert message in str(error.value)
    for content in (pickle.dumps(right)[:-9], b"", b"counts"):
        file.write_bytes(content)
        with pytest.raises(UserError, match="damaged, or not a pickle of numbers"):
            import_table(system, files, DIRECTIONS)
    file.write_bytes(pickle.dumps(right))
    with pytest.raises(UserError, match=r"en-de.pkl: there is no such file, of en-de"):
        import_table(system, files, DIRECTIONS)
    (tmp_path / "en-de.pkl").write_bytes(
        pickle.dumps({FC1[0]: np.ones((UNITS, WIDTH)), FC1[1]: np.ones((UNITS, WIDTH))})
    )
    with pytest.raises(UserError, match="some files hold counts, others masks"):
        import_table(system, files, DIRECTIONS)


def test_options_that_do_not_go_together(tmp_path, system):
    counts, masks = published_counts(tmp_path / "counts"), published_masks(tmp_path / "masks")
    out = tmp_path / "m.npz"
    for files, options, message in (
        (counts, [], "holds counts: say which units are kept, such as --select mass:95"),
        (masks, ["--scores"], "holds no counts, which --scores needs; leave it out"),
        (masks, ["--select", "mass:95"], "holds no counts, which --select needs; leave it out"),
    ):
        with pytest.raises(UserError, match=message):
            run(system, files, out, *options)
    run(system, masks, out, "--gate", '{"ffn": "zero"}')
    for options, message in (
        (["--form", "masks", "--out", "{direction}"], "--width: the model's width"),
        (["--form", "masks", "--width", "2", "--out", "one"], "masks need a pattern with {direction}"),
        (["--form", "lists", "--out", "{direction}"], "lists of all rows are one file"),
        (
            ["--form", "masks", "--width", "2", "--out", "{direction}"],
            "has the gate zero, files of masks can",
        ),
        (["--form", "counts", "--out", "{direction}"], "expected 'neuronspec-scores-1'"),
    ):
        with pytest.raises(UserError, match=message):
            export_units(["--units", str(out), *options])
    assert not list(tmp_path.glob("m.npz*.tmp"))
