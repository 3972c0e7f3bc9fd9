"""Tables, JSON, pieces and tags in the place of sentences are found by the lines themselves."""

import json
import subprocess

import pytest

from workflow_scripts.common.line_shapes import FEWEST, is_tokenised, shape_of, training_shape

SENTENCES = [f"Hund {number} läuft." for number in range(FEWEST)]
PAIR = [{"translation": {"de": line, "en": "x"}, "id": 1} for line in SENTENCES]
PLAIN = ["One of us, at least.", 'She said "no".', "", "a|b and c", "It is 5 < 6."]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([f"{line}\tdog" for line in SENTENCES], "columns with tabs between them; take the"),
        ([f"{line} ||| dog" for line in SENTENCES], "columns with ||| between them; take the"),
        ([json.dumps(one, ensure_ascii=False) for one in PAIR], "JSON, a record a line; take the text"),
        ([f"▁{line.replace(' ', ' ▁')}" for line in SENTENCES], "SentencePiece's pieces; join"),
        ([line.replace("Hund", "H@@ und") for line in SENTENCES], "subwords of subword-nmt; join"),
        (
            [line.encode().decode("cp1252") for line in SENTENCES],
            "text made UTF-8 twice, such as 'Ã¤'; undo it",
        ),
        ([f"__de__ {line}" for line in SENTENCES], "a tag before every line; take it off"),
        ([f"<2de> {line}" for line in SENTENCES], "a tag before every line; take it off"),
    ],
)
def test_what_is_not_plain_text_is_named_with_a_command_that_makes_text_of_it(tmp_path, lines, words):
    file = tmp_path / "it's mine.de"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    said = training_shape(lines, file)
    assert said.startswith(f"these look like {words}")
    command = said.rpartition(": ")[2] if "KEY" not in said else ""
    if command:
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)
        made = (tmp_path / "NEW").read_text(encoding="utf-8").splitlines()
        assert [line.strip() for line in made] == SENTENCES
    else:
        assert said.endswith(" > NEW (KEY: .translation.de or .translation.en)")


def test_japanese_of_escapes_and_quoted_strings():
    japanese = "今日は晴れ。".encode("iso2022_jp").decode("ascii")
    assert training_shape([japanese] * FEWEST, "a.ja") == (
        "these look like ISO-2022-JP; convert it: iconv -f ISO-2022-JP -t UTF-8 a.ja > NEW"
    )
    said = training_shape([json.dumps(line) for line in SENTENCES], "a.de")
    assert (
        said == "these look like lines in quotes, as in JSON or CSV; take them off (JSON: jq -r . a.de > NEW)"
    )
    # Direct speech.
    assert training_shape([f'"{line}" "Ja."' for line in SENTENCES], "a.de") == ""


def test_letters_of_text_are_not_taken_for_bytes():
    for line in ("NÃO É À ÂNCORA", "Ärger, Å, Ã…", "l’été â la carte", "Ä–Ö «Ä»"):
        assert training_shape([line] * FEWEST, "a.pt") == ""


def test_text_that_looks_a_little_like_it_is_text():
    assert training_shape(SENTENCES, "a.de") == ""
    assert training_shape([*(f"{line}\tx" for line in SENTENCES[1:]), "no tab"], "a.de") == ""
    assert training_shape([*SENTENCES, "▁ @@ __de__ {}"], "a.de") == ""
    assert training_shape(["{not} {json}"] * FEWEST, "a.de") == ""
    assert training_shape(["__de__ a"] * (FEWEST - 1) + ["__fr__ a"], "a.de") == ""
    # Too few lines to tell.
    assert training_shape(["a\tb"] * (FEWEST - 1), "a.de") == ""


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (
            '{{"id": 1, "hyp": "{}"}}',
            "JSON, a record a line; take the text: jq -r KEY FILE > NEW (KEY: .hyp)",
        ),
        ('"{}"', "lines in quotes, as in JSON or CSV; take them off"),
        ("0 ||| {} ||| F0= -3.2 ||| -0.3", "a list of n best; take the best: its second column alone"),
        ("-0.43\t{}", "columns with tabs between them; take the column of text: cut -f1 FILE > NEW"),
        ("<pad> {}</s>", "tokens of a model, such as </s>; take them off"),
        ("eng_Latn {}", "a tag before every line; take it off: sed"),
        ("__en__ {}", "a tag before every line; take it off: sed"),
        (">>eng<< {}", "a tag before every line; take it off: sed"),
    ],
)
def test_what_programs_write_around_sentences(form, said):
    lines = [form.format(line.replace('"', "'")) for line in PLAIN if line]
    assert shape_of([*lines, ""]).startswith(f"these look like {said}")
    assert shape_of(PLAIN) == ""
    assert shape_of([*PLAIN, lines[0]]) == ""  # one line of many


def test_a_json_array_over_lines():
    lines = json.dumps([f"line {n}" for n in range(9)], indent=0).split("\n")
    assert shape_of(lines).startswith("these look like lines in quotes")


def test_tokenised_text():
    assert is_tokenised(["It is so .", "And so .", "Here ?"])
    assert is_tokenised(["it &apos;s so", "a well @-@ known one", "x"])
    assert not is_tokenised(["It is so.", "Is it ?", "and so", "R & D.", "5 . 6"])
