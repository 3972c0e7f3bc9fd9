"""Language codes: the table against the tools themselves, and codes that no tool knows."""

import pytest
from mtdata.iso.bcp47 import bcp47
from mtdata.iso.iso639_1 import ISO693_1_to_3
from sacremoses.corpus import NonbreakingPrefixes

from workflow_scripts.common.languages import (
    MOSES,
    MULTI30K,
    NTREX,
    NTREX_NAMES,
    THREE_LETTERS,
    base_code,
    known_to_mtdata,
    moses_code,
    mtdata_code,
    unknown_language,
    without_moses_rules,
)
from workflow_scripts.data.download_corpus import MULTI30K as MULTI30K_FILES
from workflow_scripts.data.download_corpus import NTREX as NTREX_CHECKSUMS
from workflow_scripts.data.download_corpus import NTREX_FILES
from workflow_scripts.data.text import TextOptions, TextProcessor, _say_without_rules

# The published order.
_EC30 = "en de nl sv da af lb fr es it pt ro oc ru cs pl bg uk sr hi bn kn mr sd gu ar he ha mt ti am"
EC30 = _EC30.split()


def test_the_table_agrees_with_the_tools():
    assert set(NonbreakingPrefixes().available_langs.values()) == MOSES - {"ja", "ko"}
    assert ISO693_1_to_3 == THREE_LETTERS
    for code in NTREX_NAMES:
        assert str(bcp47(mtdata_code(code))) == str(bcp47(code))
    assert set(NTREX) == set(NTREX_FILES) == set(NTREX_CHECKSUMS)
    assert set(MULTI30K) == {name.split(".")[1] for name in MULTI30K_FILES}


@pytest.mark.parametrize(
    ("code", "base", "moses", "mtdata"),
    [
        ("de", "de", "de", "deu"),
        ("deu", "de", "de", "deu"),
        ("sr", "sr", "sr", "srp"),
        ("sr_Latn", "sr", "sr", "srp_Latn"),
        ("sr_Cyrl", "sr", "sr", "srp_Cyrl"),
        ("arb", "ar", "ar", "arb"),  # NTREX's code of Arabic in mtdata is arb, not ara
        ("cz", "cs", "cs", "cz"),
        ("pt_BR", "pt", "pt", "por_BR"),
        ("zho_Hant_TW", "zh", "zh", "zho_Hant_TW"),
        ("es_419", "es", "es", "spa"),  # mtdata has no regions of several countries
        ("qx", "qx", "qx", "qx"),
        ("qaa", "qaa", "qaa", "qaa"),
    ],
)
def test_codes(code, base, moses, mtdata):
    assert (base_code(code), moses_code(code), mtdata_code(code)) == (base, moses, mtdata)
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
