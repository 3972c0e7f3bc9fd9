"""Scripts of languages: as their codes name them, else the usual one, else none."""

import pytest

from workflow_scripts.common.languages import THREE_LETTERS
from workflow_scripts.common.scripts import OF_TWO_SCRIPTS, by_script, script_of


@pytest.mark.parametrize(
    ("code", "script"),
    [
        ("de", "Latn"), ("deu", "Latn"), ("ru", "Cyrl"), ("bg", "Cyrl"), ("ar", "Arab"), ("ur", "Arab"),
        ("he", "Hebr"), ("am", "Ethi"), ("ti", "Ethi"), ("hi", "Deva"), ("bn", "Beng"), ("kn", "Knda"),
        ("gu", "Gujr"), ("mt", "Latn"), ("ha", "Latn"), ("vi", "Latn"), ("el", "Grek"), ("pt_BR", "Latn"),
        ("sr_Latn", "Latn"), ("sr_Cyrl", "Cyrl"), ("srp-Latn", "Latn"), ("zho_Hant_TW", "Hant"),
        ("sr", None), ("sd", None), ("uz", None), ("xyz", None),
    ],
)  # fmt: skip
def test_script(code, script):
    assert script_of(code) == script


def test_languages_by_script():
    codes = ["en", "ru", "sr", "de", "uk", "qaa"]
    assert by_script(codes) == {"Latn": ["en", "de"], "Cyrl": ["ru", "uk"]}


def test_every_listed_language_has_one_script_or_is_of_two():
    assert set(THREE_LETTERS) >= OF_TWO_SCRIPTS
    assert all((script_of(code) is None) == (code in OF_TWO_SCRIPTS) for code in THREE_LETTERS)
