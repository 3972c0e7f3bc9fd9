"""Direction ids: their two languages and the pair they share files with."""

from __future__ import annotations

import re

import pytest

from workflow_scripts.common.directions import (
    direction_languages,
    ends_of,
    language_of,
    pair_of,
    split_direction,
)
from workflow_scripts.common.errors import UserError


def test_source_and_target():
    assert split_direction("de-en") == ("de", "en")
    assert split_direction("zh_Hant-en") == ("zh_Hant", "en")


@pytest.mark.parametrize("direction", ["deen", "-en", "de-", "-", "", "de-en-fr"])
def test_what_is_no_direction(direction):
    with pytest.raises(UserError, match=f"^{re.escape(repr(direction))} is not two language codes"):
        split_direction(direction)


def test_the_text_of_one_language_has_no_source():
    assert (ends_of("de-en"), ends_of("de")) == (("de", "en"), (None, "de"))
    assert [language_of("de-en", 0), language_of("de-en", 1), language_of("de", 1)] == ["de", "en", "de"]
    with pytest.raises(UserError, match=r"^'de' is the text of one language, which has no source"):
        language_of("de", 0)
    with pytest.raises(UserError, match="'de-en-fr' is not two language codes"):
        ends_of("de-en-fr")


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
