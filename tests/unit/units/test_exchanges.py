"""Drawn exchanges of rows: permutations of one side of the pivot without fixed points, by hand where few."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.exchanges import drawn_exchange
from workflow_scripts.units.mask_sets import mask_rows
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space

FAMILIES = {"de": "germanic", "nl": "germanic", "fr": "romance", "es": "romance"}
OUT, INTO = ["en-de", "en-fr", "en-nl", "en-es"], ["de-en", "fr-en", "nl-en", "es-en"]


def drawn(partners, directions=(*OUT, *INTO), draw=1, seed=1, families=FAMILIES):
    return drawn_exchange(partners, directions, "en", families, seed, draw)


def test_within_families_of_two_there_is_one_exchange():
    expected = {"en-de": "en-nl", "en-nl": "en-de", "en-fr": "en-es", "en-es": "en-fr"}
    expected |= {"de-en": "nl-en", "nl-en": "de-en", "fr-en": "es-en", "es-en": "fr-en"}
    assert drawn("within_family") == drawn("within_family", seed=2) == expected
    with pytest.raises(UserError) as error:
        drawn("within_family", draw=2)
    assert str(error.value) == "within_family: there are no 2 different ones, but 1"


@pytest.mark.parametrize("partners", ["all", "across_families"])
def test_every_permutation_without_fixed_points_is_drawn(partners):
    """Of four directions: nine derangements, of which four exchange two families of two."""
    side = {direction: split_direction(direction)[1] for direction in OUT}
    wanted = [
        dict(zip(OUT, others, strict=True))
        for others in itertools.permutations(OUT)
        if all(one != other for one, other in zip(OUT, others, strict=True))
        and (
            partners == "all"
            or all(
                FAMILIES[side[one]] != FAMILIES[side[other]] for one, other in zip(OUT, others, strict=True)
            )
        )
    ]
    assert len(wanted) == {"all": 9, "across_families": 4}[partners]
    found = [drawn(partners, OUT, draw) for draw in range(1, len(wanted) + 1)]
    assert sorted(map(str, map(sorted, map(dict.items, found)))) == sorted(
        map(str, map(sorted, map(dict.items, wanted)))
    )
    # A further draw changes none that are there; another seed draws others first.
    assert [drawn(partners, OUT, draw) for draw in (1, 2)] == found[:2]
    assert {str(drawn(partners, OUT, 1, seed)) for seed in range(1, 9)} > {str(found[0])}


def test_a_direction_takes_the_row_of_one_of_its_own_side():
    for partners in ("all", "within_family", "across_families"):
        for one, other in drawn(partners, draw=1).items():
            assert (one in OUT) == (other in OUT)
            alike = len({FAMILIES[(set(split_direction(d)) - {"en"}).pop()] for d in (one, other)}) == 1
            assert partners == "all" or alike == (partners == "within_family")


def test_half_of_the_directions_may_be_of_one_family():
    """Thirty languages, fifteen of them of one family: each of these takes one of the others'."""
    codes = [f"{one}{two}" for one in "abc" for two in "abcdefghij"]
    families = {code: "large" if number < 15 else f"small{number % 4}" for number, code in enumerate(codes)}
    found = drawn("across_families", [f"en-{code}" for code in codes], families=families)
    assert sorted(found) == sorted(found.values())
    assert all(families[a[3:]] != families[b[3:]] for a, b in found.items())


@pytest.mark.parametrize(
    ("partners", "directions", "said"),
    [
        (
            "all",
            ["en-de"],
            "all: en-de is alone on its side of the pivot; there is nothing to exchange it with",
        ),
        (
            "within_family",
            ["en-de", "en-nl", "en-fr"],
            "within_family: en-fr is the only one of its family on its side of the pivot; take all",
        ),
        (
            "across_families",
            ["en-de", "en-nl", "en-fr"],
            "across_families: 2 of the 3 directions on the side of en-nl are of its family, germanic: more"
            " than half find no other; take within_family or all",
        ),
        ("all", ["en-de", "de-fr"], "de-fr is neither out of the pivot nor into it; write pairs"),
    ],
)
def test_directions_without_a_partner(partners, directions, said):
    with pytest.raises(UserError) as error:
        drawn(partners, directions)
    assert str(error.value).replace("of en-de are", "of en-nl are") == said


def test_swapping_a_direction_with_itself_is_the_identity():
    rows = {"en-de": [1, 0, 0, 1], "en-fr": [0, 1, 1, 1]}
    like = MaskTable(
        rows, np.array(list(rows.values()), dtype=np.bool_), ffn_space(1, 1, 2), {"rule": "mass", "k": "70"}
    )
    same = mask_rows("swapped", like, list(rows), pairs={name: name for name in rows})
    assert (same.keep == like.keep).all()
    there = mask_rows("swapped", like, list(rows), pairs={"en-de": "en-fr", "en-fr": "en-de"})
    assert (there.keep == like.keep[::-1]).all()
    # Twice is the identity too.
    back = mask_rows("swapped", there, list(rows), pairs={"en-de": "en-fr", "en-fr": "en-de"})
    assert (back.keep == like.keep).all()
