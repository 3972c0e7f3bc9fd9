"""Language codes: the table against the tools themselves, and codes that no tool knows."""

import pytest
from mtdata.iso.bcp47 import bcp47
from mtdata.iso.iso639_1 import ISO693_1_to_3
from sacremoses.corpus import NonbreakingPrefixes

from workflow_scripts.data.download_corpus import MULTI30K as MULTI30K_FILES
from workflow_scripts.data.download_corpus import NTREX as NTREX_CHECKSUMS
from workflow_scripts.data.download_corpus import NTREX_FILES
from workflow_scripts.data.text import TextOptions, TextProcessor, _say_without_rules
from workflow_scripts.languages import (
    LISTED,
    MOSES,
    MULTI30K,
    NTREX,
    THREE_LETTERS,
    base_code,
    flores_code,
    known_to_mtdata,
    moses_code,
    mtdata_code,
    script_of,
    unknown_language,
    without_moses_rules,
)

# The published order (spec 1.1), and its scripts as measured on the Flores references.
_EC30 = "en de nl sv da af lb fr es it pt ro oc ru cs pl bg uk sr hi bn kn mr sd gu ar he ha mt ti am"
EC30 = _EC30.split()
SCRIPTS = {
    "Latn": "en de nl fr es cs sv da it pt pl ha mt af lb ro oc sr ca", "Cyrl": "ru bg uk", "Deva": "hi mr",
    "Beng": "bn", "Knda": "kn", "Gujr": "gu", "Arab": "ar sd fa", "Hebr": "he", "Ethi": "ti am",
}  # fmt: skip


def test_the_published_languages_and_their_scripts():
    assert set(EC30) | {"ar", "de", "es", "fa", "he", "it", "nl", "pl", "en", "ca"} == set(LISTED)
    assert {code: script for script, codes in SCRIPTS.items() for code in codes.split()} == {
        code: listed.script for code, listed in LISTED.items()
    }
    # Flores names the script too; Serbian is the one whose text is not in the script Flores has.
    assert [c for c, x in LISTED.items() if x.flores.split("_")[1] != x.script] == ["sr"]


def test_the_table_agrees_with_the_tools():
    assert set(NonbreakingPrefixes().available_langs.values()) == MOSES - {"ja", "ko"}
    assert ISO693_1_to_3 == THREE_LETTERS
    for code in LISTED:
        assert str(bcp47(mtdata_code(code))) == str(bcp47(code))
    assert set(NTREX) == set(NTREX_FILES) == set(NTREX_CHECKSUMS)
    assert set(MULTI30K) == {name.split(".")[1] for name in MULTI30K_FILES}


@pytest.mark.parametrize(
    ("code", "base", "script", "moses", "mtdata", "flores"),
    [
        ("de", "de", "Latn", "de", "deu", "deu_Latn"),
        ("deu", "de", "Latn", "de", "deu", "deu_Latn"),
        ("sr", "sr", "Latn", "sr", "srp", "srp_Cyrl"),
        ("sr_Latn", "sr", "Latn", "sr", "srp_Latn", "srp_Cyrl"),
        ("sr_Cyrl", "sr", "Cyrl", "sr", "srp_Cyrl", "srp_Cyrl"),
        ("arb", "ar", "Arab", "ar", "arb", "arb_Arab"),  # NTREX's code of Arabic in mtdata is arb, not ara
        ("cz", "cs", "Latn", "cs", "cz", "ces_Latn"),
        ("pt_BR", "pt", "Latn", "pt", "por_BR", "por_Latn"),
        ("zho_Hant_TW", "zh", "Hant", "zh", "zho_Hant_TW", None),
        ("es_419", "es", "Latn", "es", "spa", "spa_Latn"),  # mtdata has no regions of several countries
        ("qx", "qx", None, "qx", "qx", None),
        ("qaa", "qaa", None, "qaa", "qaa", None),
    ],
)
def test_codes(code, base, script, moses, mtdata, flores):
    assert (base_code(code), script_of(code), moses_code(code)) == (base, script, moses)
    assert (mtdata_code(code), flores_code(code)) == (mtdata, flores)
    assert known_to_mtdata(code) == (len(mtdata.split("_")[0]) == 3)


def test_a_tool_without_the_language_names_the_right_code():
    assert unknown_language("de", "X", ["de", "en"]) is None
    assert unknown_language("ger", "X", ["de", "en"]) == (
        "X has no language 'ger' (did you mean 'de'?); it has de, en"
    )
    assert unknown_language("xx", "X", ["de", "en"]) == "X has no language 'xx'; it has de, en"


def test_languages_without_moses_rules_are_said_once(capsys):
    # Of EC30's languages these fourteen have no abbreviations in sacremoses; Serbian among them.
    without = ["da", "af", "lb", "oc", "bg", "uk", "sr", "sd", "ar", "he", "ha", "mt", "ti", "am"]
    assert without_moses_rules(EC30) == without
    assert without_moses_rules(["srp_Latn", "deu", "qx"]) == ["srp_Latn", "qx"]
    _say_without_rules.cache_clear()
    for language in ("qx", "qx", "de"):
        TextProcessor(language, TextOptions(moses=True)).process("well, then")
    assert capsys.readouterr().err == (
        "note: Moses has no rules for 'qx': generic ones and English abbreviations are used\n"
    )
    TextProcessor("qy", TextOptions(moses=False)).process("well, then")
    assert capsys.readouterr().err == ""
