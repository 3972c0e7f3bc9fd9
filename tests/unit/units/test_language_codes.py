"""The one rule for language codes, and the directions that it reads."""

from __future__ import annotations

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.language_codes import (
    canonical,
    is_code,
    match,
    one_of,
    read_direction,
    spellings,
    tidy,
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "de"),
        ("deu", "deu"),
        ("pt-BR", "pt_BR"),
        ("pt-br", "pt_BR"),
        ("zh-hans", "zh_Hans"),
        ("zho-Hant-tw", "zho_Hant_TW"),
        ("es-419", "es_419"),
        ("srp_Latn", "srp_Latn"),
        # Without a hyphen the letters stay; so they do of a language in capitals, and of another form.
        ("zh_tw", "zh_tw"),
        ("EN-US", "EN_US"),
        ("ca-valencia", "ca_valencia"),
    ],
)
def test_a_hyphen_inside_a_code_becomes_an_underscore(text: str, code: str) -> None:
    assert canonical(text) == code
    assert canonical(code) == code


def test_what_a_code_is() -> None:
    assert all(map(is_code, ("de", "tok", "pt_BR", "sr_Latn", "zh_Hant_TW", "es_419")))
    assert not any(map(is_code, ("d", "DE", "pt-BR", "pt_br", "zh_TW_Hant", "ca_valencia", "de_", "")))
    assert [tidy(text) for text in ("PT-br", "EN", "no form")] == ["pt_BR", "en", "no form"]


def test_spellings_in_names_of_files() -> None:
    assert spellings("de") == ["de"]
    assert spellings("pt_BR") == ["pt_BR", "pt-BR", "pt_br", "pt-br"]


def test_a_text_is_matched_whatever_its_letters_and_joints() -> None:
    assert match("PT-br", ["en", "pt_BR"]) == "pt_BR"
    assert match("pt_br", ["pt_BR", "pt_br"]) == "pt_br"
    assert match("pt", ["pt_BR"]) is None


@pytest.mark.parametrize(
    ("text", "known", "direction"),
    [
        ("de-en", (), "de-en"),
        ("en-pt-BR", (), "en-pt_BR"),
        ("pt-BR-en", (), "pt_BR-en"),
        ("es-419-zh-Hant-TW", (), "es_419-zh_Hant_TW"),
        ("zho_Hans-eng_Latn", (), "zho_Hans-eng_Latn"),
        ("en_pt", (), "en-pt"),
        ("en_pt_BR", (), "en-pt_BR"),
        ("zh_Hans_en", (), "zh_Hans-en"),
        ("src-tgt1", (), "src-tgt1"),
        # What is known decides first, whatever the letters.
        ("en-pt-br", ("en", "pt_BR"), "en-pt_BR"),
        ("en-pt-br", ("en",), "en-pt_BR"),
        ("zz_yy", ("zz", "yy"), "zz-yy"),
        ("pt_br-en", ("en", "pt_BR"), "pt_BR-en"),
        ("pt_br-en", (), "pt_br-en"),
    ],
)
def test_directions_are_read_by_what_is_known(text: str, known: tuple[str, ...], direction: str) -> None:
    assert read_direction(text, known) == direction


def test_a_direction_of_some_is_found_whatever_its_spelling() -> None:
    ids = ["en-pt_BR", "pt_BR-en", "de-en"]
    assert [one_of(text, ids) for text in ("en-pt-br", "pt-BR_en", "de-en")] == ids
    assert [one_of(text, ids) for text in ("en-de", "de", "pt-en")] == ["en-de", "de", "pt-en"]


@pytest.mark.parametrize(
    ("text", "known", "said"),
    [
        ("en-pt-br", (), "'en-pt-br' may be en-pt_BR or en_PT-br: write the one that is meant"),
        ("en-pt-br", ("en", "pt_BR", "en_PT", "br"), "'en-pt-br' may be en-pt_BR or en_PT-br: write"),
        ("ref_en", (), "'ref_en' is not two language codes around a hyphen, as in de-en or en-pt_BR"),
        ("deen", (), "'deen' is not two language codes"),
        ("pt_BR", (), "'pt_BR' is not two language codes"),
        ("a-b-c-d", (), "'a-b-c-d' is not two language codes"),
    ],
)
def test_what_is_no_direction_or_may_be_two(text: str, known: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError) as error:
        read_direction(text, known)
    assert str(error.value).startswith(said)
