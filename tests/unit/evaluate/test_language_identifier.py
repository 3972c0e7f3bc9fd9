"""evaluate.languages.language_identifier: labels worked out by hand, files, mistakes."""

import math

import numpy as np
import pytest

from tests.unit.evaluate.identifier_corpus import LANGUAGES, sentences
from workflow_scripts.evaluate.languages.language_identifier import (
    FEATURES,
    SMOOTHING,
    LanguageIdentifier,
    PackagedIdentifier,
    has_letter,
)


@pytest.fixture(scope="module")
def identifier():
    return LanguageIdentifier.train((language, sentences(language, 200, 0)) for language in LANGUAGES)


def test_weights_worked_by_hand():
    # "a" is " a " to the n-grams: " ", "a", " ", " a", "a ", " a " - six, the blank twice.
    found = LanguageIdentifier.train([("aa", ["a"]), ("bb", ["b", "b"])]).weights
    assert found.dtype == np.float32
    total = 6 + SMOOTHING * FEATURES
    counts = np.sort(found[0])[::-1][:6]
    once = math.log((1 + SMOOTHING) / total)
    assert counts[0] == pytest.approx(math.log((2 + SMOOTHING) / total), rel=1e-5)
    assert counts[1:5] == pytest.approx([once] * 4, rel=1e-5)
    assert counts[5] == pytest.approx(math.log(SMOOTHING / total), rel=1e-5)


def test_more_text_of_a_language_is_no_reason_for_it():
    # Equal priors: "x" is as likely in both, however much text there is of one.
    identifier = LanguageIdentifier.train([("aa", ["xa"]), ("bb", ["xb"] * 1000)])
    assert identifier.identify(["xa", "a", "xb", "b"]) == ["aa", "aa", "bb", "bb"]


def test_capitals_count():
    identifier = LanguageIdentifier.train([("de", ["das Haus"]), ("xx", ["das haus"])])
    assert identifier.identify(["Haus", "haus"]) == ["de", "xx"]


def test_invented_languages_are_known(identifier):
    for language in LANGUAGES:
        assert set(identifier.identify(sentences(language, 100, 1))) == {language}


def test_batches_change_nothing(identifier):
    lines = sentences("zu", 2100, 2)
    assert identifier.identify(lines)[2050:] == identifier.identify(lines[2050:])


def test_any_script():
    identifier = LanguageIdentifier.train(
        [("ru", ["добрый день"]), ("am", ["እንደምን አደሩ"]), ("zh", ["早上好世界"])]
    )
    assert identifier.identify(["день", "እንደ", "世界"]) == ["ru", "am", "zh"]


def test_letters_of_any_script():
    assert [has_letter(x) for x in ("12:30 – ?!", "", "१२", "दो", "1 a")] == [False, False, False, True, True]


def test_written_and_read_alike(identifier, tmp_path):
    identifier.write(tmp_path / "model.npz")
    read = LanguageIdentifier.read(tmp_path / "model.npz")
    assert read.languages == LANGUAGES
    assert np.array_equal(read.weights, identifier.weights)


def test_trained_twice_the_same_bytes(tmp_path):
    for name in "ab":
        LanguageIdentifier.train((x, sentences(x, 50, 0)) for x in LANGUAGES).write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


class TestPackaged:
    def test_real_languages_in_the_experiments_codes(self):
        packaged = PackagedIdentifier(["en", "deu", "fr_Latn"])
        lines = ["The house by the river.", "Das Haus am Fluss ist alt.", "La maison au bord de la rivière."]
        assert packaged.identify(lines) == ["en", "deu", "fr_Latn"]
        assert packaged.reasons == {}
        assert packaged.name.startswith("py3langid 0.")

    def test_kept_to_the_experiments_languages(self):
        assert PackagedIdentifier(["de", "en"]).identify(["La maison au bord de la rivière."])[0] in (
            "de",
            "en",
        )

    def test_why_it_does_not_tell(self):
        packaged = PackagedIdentifier(["en", "de", "zh_CN", "zh_TW", "qqx"])
        assert packaged.reasons == {
            "zh_CN": "py3langid takes zh_CN and zh_TW for one language",
            "zh_TW": "py3langid takes zh_CN and zh_TW for one language",
            "qqx": "py3langid does not know it",
        }
        assert packaged.identify(["Das Haus am Fluss ist alt."]) == ["de"]

    def test_one_language_is_not_told_from_itself(self):
        assert PackagedIdentifier(["en", "qqx"]).reasons == {
            "en": "py3langid knows no other language of the experiment",
            "qqx": "py3langid does not know it",
        }
