"""Tables, JSON, pieces and tags in the place of text are told by their first lines."""

import json
import subprocess

import pytest

from workflow_scripts.data.prepare_text import prepare_pair
from workflow_scripts.data.text_shape import FEWEST, shape_of
from workflow_scripts.errors import UserError

SENTENCES = [f"Hund {number} läuft." for number in range(FEWEST)]
PAIR = [{"translation": {"de": line, "en": "x"}, "id": 1} for line in SENTENCES]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([f"{line}\tdog" for line in SENTENCES], "a tab in every line: a table; write"),
        ([f"{line} ||| dog" for line in SENTENCES], "'|||' in every line: a table; write"),
        ([json.dumps(one, ensure_ascii=False) for one in PAIR], "JSON in every line; write"),
        ([f"▁{line.replace(' ', ' ▁')}" for line in SENTENCES], "SentencePiece's pieces, not text; join"),
        ([line.replace("Hund", "H@@ und") for line in SENTENCES], "parts of words as subword-nmt cuts them"),
        ([line.encode().decode("cp1252") for line in SENTENCES], "made UTF-8 twice (such as 'Ã¤'); undo it"),
        ([f"__de__ {line}" for line in SENTENCES], "__de__ before every line: training adds its own"),
        ([f"<2de> {line}" for line in SENTENCES], "<2de> before every line: training adds its own"),
    ],
)
def test_what_is_no_plain_text_is_told_with_a_command_that_makes_text_of_it(tmp_path, lines, words):
    file = tmp_path / "it's mine.de"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    said = shape_of(lines, file)
    assert said is not None and said.startswith(words)
    command = said.rpartition(": ")[2] if "KEY" not in said else ""
    if command:
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)
        made = (tmp_path / "NEW").read_text(encoding="utf-8").splitlines()
        assert [line.strip() for line in made] == SENTENCES
    else:
        assert said.endswith(" > NEW (KEY: .translation.de or .translation.en)")


def test_japanese_of_escapes_and_quoted_strings():
    japanese = "今日は晴れ。".encode("iso2022_jp").decode("ascii")
    assert shape_of([japanese] * FEWEST, "a.ja") == (
        "ISO-2022-JP; convert it: iconv -f ISO-2022-JP -t UTF-8 a.ja > NEW"
    )
    said = shape_of([json.dumps(line) for line in SENTENCES], "a.de")
    assert said == "quoted strings of JSON; write them as text: jq -r . a.de > NEW"
    # Direct speech.
    assert shape_of([f'"{line}" "Ja."' for line in SENTENCES], "a.de") is None


def test_letters_of_text_are_not_taken_for_bytes():
    for line in ("NÃO É À ÂNCORA", "Ärger, Å, Ã…", "l’été â la carte", "Ä–Ö «Ä»"):
        assert shape_of([line] * FEWEST, "a.pt") is None


def test_text_that_looks_a_little_like_it_is_text():
    assert shape_of(SENTENCES, "a.de") is None
    assert shape_of([*(f"{line}\tx" for line in SENTENCES[1:]), "no tab"], "a.de") is None
    assert shape_of([*SENTENCES, "▁ @@ __de__ {}"], "a.de") is None
    assert shape_of(["{not} {json}"] * FEWEST, "a.de") is None
    assert shape_of(["__de__ a"] * (FEWEST - 1) + ["__fr__ a"], "a.de") is None
    # Too few lines to tell.
    assert shape_of(["a\tb"] * (FEWEST - 1), "a.de") is None


def test_one_file_for_both_languages(tmp_path):
    (tmp_path / "a.de").write_text("dog\n")
    (tmp_path / "a.en").symlink_to("a.de")
    out = [tmp_path / f"out.{language}" for language in ("de", "en")]
    with pytest.raises(UserError, match=r"a\.de and .*a\.de: one file for both languages; name that of each"):
        prepare_pair([tmp_path / "a.de"] * 2, out)
    # A link is meant.
    assert prepare_pair([tmp_path / "a.de", tmp_path / "a.en"], out).sentences == 1
