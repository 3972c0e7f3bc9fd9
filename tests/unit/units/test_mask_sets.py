"""Masks made of other masks, against rows written out by hand."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_sets import ROWS, Groups, mask_rows, random_like, random_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space

# Encoder | decoder, three units each.
ROWS_BY_HAND = {
    "en-de": "110 100",
    "en-fr": "110 010",
    "en-nl": "011 101",
    "de-en": "100 011",
    "fr-en": "001 011",
    "nl-en": "101 001",
}
FAMILIES = {"de": "germanic", "nl": "germanic", "fr": "romance"}


def table(rows=ROWS_BY_HAND):
    keep = np.array([[bit == "1" for bit in row.replace(" ", "")] for row in rows.values()])
    manifest = {"rule": "mass", "k": "70", "ties": "stable", "data_sha256": dict.fromkeys(rows, "00")}
    return MaskTable(rows, keep, ffn_space(1, 1, 3), manifest, "m.npz")


def text(keep):
    bits = "".join("01"[int(bit)] for bit in keep)
    return f"{bits[:3]} {bits[3:]}"


def made(kind, *directions, **options):
    masks = mask_rows(kind, table(), directions, **options)
    assert masks.rows == directions
    return [text(row) for row in masks.keep]


@pytest.mark.parametrize(
    ("kind", "by", "direction", "expected"),
    [
        # All six rows: the encoder's units have 4, 3, 3 of them, the decoder's 2, 3, 4.
        ("union", None, "en-de", "111 111"),
        ("shared", None, "en-de", "000 000"),
        ("majority", None, "en-de", "100 001"),
        ("exclusive", None, "en-de", "000 000"),
        # Both directions of a language: 110 100 and 100 011.
        ("union", "language", "en-de", "110 111"),
        ("union", "language", "de-en", "110 111"),
        ("shared", "language", "de-en", "100 000"),
        # en-nl and nl-en have 111 101; the other four 111 111.
        ("exclusive", "language", "nl-en", "000 000"),
        # Of its own row what not all keep: of the encoder 011, of both directions of Dutch 001.
        ("unshared", None, "en-nl", "011 101"),
        ("unshared", "language", "en-nl", "010 100"),
        # German and Dutch, both ways: 110 100, 011 101, 100 011, 101 001.
        ("union", "family", "nl-en", "111 111"),
        ("majority", "family", "nl-en", "100 001"),
        ("shared", "family", "fr-en", "000 010"),
        # Encoders from German: de-en; decoders into English: 011, 011, 001.
        ("merged", "language", "de-en", "100 011"),
        # Encoders from English: 110, 110, 011; decoders into German: en-de.
        ("merged", "language", "en-de", "111 100"),
        # Never trained: the encoder of de-en, the decoder of en-fr.
        ("merged", "language", "de-fr", "100 010"),
        # Encoders from French: fr-en; decoders into German and Dutch: 100, 101.
        ("merged", "family", "fr-de", "001 101"),
    ],
)
def test_units_of_groups(kind, by, direction, expected):
    assert made(kind, direction, groups=Groups(by, FAMILIES)) == [expected]


def test_groups_of_languages():
    """Of a language model: German and Dutch are one family."""
    keep = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=bool)
    masks = MaskTable(["de", "nl", "fr"], keep, ffn_space(0, 1, 3), {"rule": "mass"}, "m.npz")
    found = mask_rows("union", masks, ["de"], groups=Groups("family", FAMILIES))
    assert found.keep.astype(int).tolist() == [[1, 1, 0]]


def test_rows_of_some_directions_for_a_new_one():
    """Heads of four directions, trained in nl-en: of 110 100, 110 010, 100 011 and 001 011. Its own row
    does not count."""
    some = ["en-de", "en-fr", "de-en", "fr-en"]
    assert made("union", "nl-en", "en-de", rows_of=some) == ["111 111", "111 111"]
    assert made("majority", "nl-en", rows_of=some) == ["100 010"]
    assert made("shared", "nl-en", rows_of=some[:2]) == ["110 000"]
    assert made("union", "nl-en", groups=Groups("family", FAMILIES), rows_of=some) == ["110 111"]
    assert mask_rows("union", table(), ["nl-en"], rows_of=some).manifest["rows_of"] == some
    with pytest.raises(
        UserError, match=r"rows exclusive: takes no rows_of; there are union, shared, majority"
    ):
        made("exclusive", "nl-en", rows_of=some)
    with pytest.raises(UserError, match="no mask row is of the group of nl-en; rows: en-de, en-fr"):
        made("union", "nl-en", groups=Groups("language"), rows_of=some)
    with pytest.raises(UserError, match="nl-de"):
        made("union", "nl-en", rows_of=["nl-de"])


def test_units_that_nobody_else_could_share():
    with pytest.raises(
        UserError, match="no other mask row is of the group of en-de, so that it shares nothing"
    ):
        mask_rows("unshared", table({"en-de": "110 100"}), ["en-de"])


def test_random_units_of_a_direction_that_was_not_trained_are_as_many_as_its_merged_row_has():
    """de-fr: of de-en 100 in the encoder and of en-fr 010 in the decoder; of both stacks one of three."""
    merged = mask_rows("merged", table(), ["de-fr", "en-de"], groups=Groups("language"))
    drawn = mask_rows("random", merged, ["de-fr"], seed=3)
    assert drawn.keep.reshape(2, 3).sum(axis=1).tolist() == [1, 1]
    alone = mask_rows("merged", table(), ["de-fr"], groups=Groups("language"))
    assert (mask_rows("random", alone, ["de-fr"], seed=3).keep == drawn.keep).all()


def test_units_that_a_direction_alone_keeps():
    rows = {"en-de": "110 100", "en-fr": "010 110", "de-en": "001 000"}
    for by, expected in ((None, "100 000"), ("language", "101 000")):
        masks = mask_rows("exclusive", table(rows), ["en-de"], groups=Groups(by))
        assert text(masks.keep[0]) == expected


def test_swapped_rows():
    found = made("swapped", "en-de", "en-fr", "de-en", pairs={"en-de": "en-fr", "en-fr": "en-nl"})
    assert found == ["110 010", "011 101", "100 011"]


def test_shuffled_rows_keep_sizes_and_overlaps():
    rng = np.random.default_rng(1)
    space = ffn_space(2, 1, 50)
    like = MaskTable(["en-de", "de-en", "en-fr"], rng.random((3, space.size)) < 0.4, space, {})
    one, two = (mask_rows("shuffled", like, like.rows, seed=seed).keep for seed in (1, 2))
    for span in space.slices().values():
        old, new = like.keep[:, span].astype(int), one[:, span].astype(int)
        assert (old @ old.T).tolist() == (new @ new.T).tolist()
        assert (old != new).any(axis=1).all()
    assert (one != two).any()
    # Layers that keep the same units do not after it.
    alike = MaskTable(["en-de"], np.arange(150)[None] % 50 < 25, space, {})
    one_layer, two_layer, _ = mask_rows("shuffled", alike, ["en-de"], seed=1).keep.reshape(3, 50)
    assert (one_layer != two_layer).any()
    # A row is the same whichever others are there.
    assert (mask_rows("shuffled", like, ["en-fr"], seed=1).keep[0] == one[2]).all()


def test_random_masks_have_equal_size_per_group():
    space = ffn_space(2, 1, 100)
    keep = np.zeros(300, dtype=bool)
    keep[:7] = True
    keep[100:150] = True
    keep[200:300] = True
    drawn = random_like(keep, space, seed=1)
    assert [int(drawn[span].sum()) for span in space.slices().values()] == [7, 50, 100]
    assert (drawn == random_like(keep, space, seed=1)).all()
    assert (drawn != random_like(keep, space, seed=2)).any()
    assert (drawn != keep).any()


def test_random_masks_stay_the_same_draws():
    """The bits of a seed are in people's results: version 0.2 drew these."""
    like = MaskTable(["de-en"], np.arange(16).reshape(1, 16) % 2 == 0, ffn_space(1, 1, 8), {})
    assert np.packbits(random_masks(like, ["de-en"], 7).keep).tolist() == [204, 201]


def test_the_manifest_says_of_what_and_how():
    manifest = mask_rows("random", table(), ["en-de"], seed=3).manifest
    assert manifest == {
        "rule": "random", "k": "70", "ties": None, "counting": None, "weights_sha256": None,
        "data_sha256": {"en-de": "00"}, "seed": 3, "like_rule": "mass",
    }  # fmt: skip
    assert mask_rows("union", table(), ["en-de"], groups=Groups("language")).manifest["by"] == "language"
    assert "by" not in mask_rows("union", table(), ["en-de"]).manifest


def test_the_manifest_of_rows_made_of_such_rows_says_how_they_were_made_alone():
    first = mask_rows("union", table(), ["en-de", "de-en"], groups=Groups("family", FAMILIES))
    assert (first.manifest["by"], first.manifest["families"]) == ("family", FAMILIES)
    second = mask_rows("random", first, ["en-de"], seed=4).manifest
    assert (second["rule"], second["seed"], second["like_rule"]) == ("random", 4, "union")
    third = mask_rows("swapped", mask_rows("random", table(), ["en-de", "de-en"], seed=4), ["en-de"],
                      pairs={"en-de": "de-en"}).manifest  # fmt: skip
    assert third["pairs"] == {"en-de": "de-en"}
    assert not {"by", "families"} & {*second} and "seed" not in third


def test_the_manifest_names_the_text_that_a_row_is_made_from():
    text_of = {name: f"text of {name}" for name in ROWS_BY_HAND}
    like = MaskTable(ROWS_BY_HAND, table().keep, table().space, {"rule": "mass", "data_sha256": text_of})

    def texts(kind, **options):
        return mask_rows(kind, like, ["en-de", "en-fr"], **options).manifest["data_sha256"]

    assert texts("random", seed=1) == {"en-de": "text of en-de", "en-fr": "text of en-fr"}
    swapped = texts("swapped", pairs={"en-de": "fr-en"})
    assert swapped == {"en-de": "text of fr-en", "en-fr": "text of en-fr"}
    assert texts("union") == text_of


@pytest.mark.parametrize(
    ("kind", "direction", "options", "message"),
    [
        ("unoin", "en-de", {}, "rows 'unoin': not one of random, shuffled"),
        ("unoin", "en-de", {}, "(did you mean 'union'?)"),
        ("random", "en-de", {}, "rows random: needs seed"),
        ("swapped", "en-de", {"pairs": {}}, "rows swapped: needs pairs"),
        ("union", "en-de", {"seed": 1}, "rows union: takes no seed, but by"),
        ("swapped", "en-de", {"pairs": {"en-de": "en-d"}}, "no mask row 'en-d'"),
        ("shared", "de-fr", {"groups": Groups("language")}, "no mask row is of the group of de-fr"),
        ("merged", "cs-de", {}, "no mask row from 'cs', as cs-de needs"),
        ("merged", "de-cs", {}, "no mask row into 'cs', as de-cs needs"),
        ("majority", "en-de", {"groups": Groups("language")}, "has 2 mask rows; a majority needs 3"),
    ],
)
def test_what_cannot_be_made(kind, direction, options, message):
    with pytest.raises(UserError, match=re.escape(message)):
        mask_rows(kind, table(), [direction], **options)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {}) for kind in ("union", "shared", "majority", "exclusive", "unshared")),
        ("merged", {"groups": Groups("language")}),
        ("swapped", {"pairs": {"en-l1": "en-l2"}}),
        ("random", {"seed": 1}),
        ("shuffled", {"seed": 1}),
    ],
)
def test_rows_are_made_as_bits(kind, options):
    """Of 64 rows of 80,000 units the bits are 640,000 bytes, unpacked they would be eight times as many."""
    names = [f"en-l{number}" for number in range(64)]
    bits = np.random.default_rng(1).integers(256, size=(64, 10_000), dtype=np.uint8)
    like = MaskTable(names, bits, ffn_space(10, 10, 4000), {"rule": "mass", "k": "70"})
    tracemalloc.start()
    try:
        assert mask_rows(kind, like, names, **options).bits.nbytes == 640_000
        assert tracemalloc.get_traced_memory()[1] < 64 * 80_000 // 2
    finally:
        tracemalloc.stop()


def test_every_kind_says_what_a_row_keeps():
    assert all(make.__doc__ and make.__doc__.rstrip().endswith(".") for _, make in ROWS.values())
