"""Direction ids: their two languages and the pair they share files with."""

from __future__ import annotations

import re

import pytest

from workflow_scripts.common.directions import direction_languages, pair_of, split_direction
from workflow_scripts.common.errors import UserError


def test_source_and_target():
    assert split_direction("de-en") == ("de", "en")
    assert split_direction("zh_Hant-en") == ("zh_Hant", "en")


@pytest.mark.parametrize("direction", ["deen", "-en", "de-", "-", "", "de-en-fr"])
def test_what_is_no_direction(direction):
    with pytest.raises(UserError, match=f"^{re.escape(repr(direction))} is not two language codes"):
        split_direction(direction)


def test_pair_is_alphabetical():
    assert pair_of("en-de") == pair_of("de-en") == "de-en"


def test_languages_must_be_known_and_two():
    assert direction_languages("de-en", ("en", "de")) == ("de", "en")
    with pytest.raises(UserError, match=r"'de-enn': 'enn' is not one of en, de \(did you mean 'en'\?\)"):
        direction_languages("de-enn", ("en", "de"))
    with pytest.raises(UserError, match="'de-de' translates a language into itself"):
        direction_languages("de-de", {"en": 4, "de": 5})


def test_the_right_spelling_is_named():
    with pytest.raises(UserError, match=r"as in de-en \(did you mean 'en-pt_BR'\?\)"):
        split_direction("en-pt-BR")
