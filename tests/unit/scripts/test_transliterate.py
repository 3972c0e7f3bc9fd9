"""Text in Latin letters, by the real tools: what they change, what they leave, and what is counted of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.transliterate import main, romaniser, serbian_in_latin, statistics, uroman_code


def transliterated(folder: Path, pair: str, sides: dict[str, list[str]], *options: str) -> dict[str, object]:
    """The lines of both sides after it, and the statistics."""
    for lang, lines in sides.items():
        (folder / f"{lang}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    files = [str(folder / f"{lang}.txt") for lang in sides]
    out = [str(folder / f"out.{lang}.txt") for lang in sides]
    stats = folder / "stats.json"
    main(["--pair", pair, "--files", *files, "--out", *out, "--stats", str(stats), *options])
    made = {
        lang: Path(file).read_text(encoding="utf-8").splitlines()
        for lang, file in zip(sides, out, strict=True)
    }
    return {**made, "said": json.loads(stats.read_text())}


def test_serbian_cyrillic_becomes_latin_and_the_other_side_stays(tmp_path):
    sides = {"en": ["Love — «so»", "x"], "sr": ["Љубав и Џеп", "њушка већ"]}
    made = transliterated(tmp_path, "en-sr", sides, "--change", "cyrillic_to_latin", "--languages", "sr")
    assert made["sr"] == ["Ljubav i Džep", "njuška već"]
    assert made["en"] == sides["en"]
    said = made["said"]["languages"]
    # ž, š, ć: three letters on two lines. Five types, all of them changed.
    assert said["sr"] == {
        "changed_lines": 2, "lines_not_ascii": 2, "characters_not_ascii": 3,
        "types": 5, "changed_types": 5, "collided_types": 0,
    }  # fmt: skip
    assert said["en"]["changed_lines"] == said["en"]["changed_types"] == 0


@pytest.mark.parametrize(
    ("language", "lines", "said"),
    [
        ("uk", ["Привіт"], "cyrillic_to_latin is of Serbian alone, not of 'uk'; take latin"),
        ("sr", ["već"], "sr: no line has a Cyrillic letter: it is in Latin letters already"),
    ],
)
def test_what_is_not_serbian_cyrillic_is_refused(language, lines, said):
    with pytest.raises(UserError, match=said):
        serbian_in_latin(language, lines)


def test_romanised_by_the_rules_of_the_language():
    romanise = romaniser()
    # Ukrainian и is y, Bulgarian и is i: the code decides.
    assert romanise("uk", ["Привіт, світе"]) == ["Pryvit, svite"]
    assert romanise("bg", ["Привет"]) == ["Privet"]
    # Limits that the page names: numerals become digits, marks stay, Latin letters change too.
    assert romanise("zh", ["一定"]) == ["1ding"]
    assert romanise("pl", ["źle – “so”"]) == ["zle – “so”"]
    assert romanise("de", ["München"]) == ["Muenchen"]


@pytest.mark.parametrize(
    ("code", "long"), [("uk", "ukr"), ("sr_Cyrl", "srp"), ("zh_CN", "zho"), ("qqa", "qqa")]
)
def test_codes_are_those_of_uroman(code, long):
    assert uroman_code(code) == long


def test_types_that_are_written_alike_after_it_are_counted():
    before = ["a b c", "a d", "e f"]
    after = ["A x x", "A d", "e-f"]  # b and c become x; the last line has one word less and says nothing
    assert statistics(before, after) == {
        "changed_lines": 3, "lines_not_ascii": 0, "characters_not_ascii": 0,
        "types": 4, "changed_types": 3, "collided_types": 2,
    }  # fmt: skip
