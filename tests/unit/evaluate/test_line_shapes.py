"""What programs write around sentences, and what only looks alike."""

import json

import pytest

from workflow_scripts.evaluate.direction_text import read_direction
from workflow_scripts.evaluate.line_shapes import is_tokenised, shape_of

PLAIN = ["One of us, at least.", 'She said "no".', "", "a|b and c", "It is 5 < 6."]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ('{{"id": 1, "hyp": "{}"}}', "JSON, a record a line; take the field of the text: jq -r .FIELD FILE"),
        ('"{}"', "lines in quotes, as in JSON or CSV; take them off"),
        ("0 ||| {} ||| F0= -3.2 ||| -0.3", "a list of n best; take the best: its second column alone"),
        ("-0.43\t{}", "columns with tabs between them; take that of the text: cut -fN FILE > NEW"),
        ("<pad> {}</s>", "tokens of a model (</s>, a tag); leave them out"),
        ("eng_Latn {}", "tokens of a model (</s>, a tag); leave them out"),
        ("__en__ {}", "tokens of a model (</s>, a tag); leave them out"),
        (">>eng<< {}", "tokens of a model (</s>, a tag); leave them out"),
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


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_file_is_noted_unless_the_references_are_alike(tmp_path):
    plain = write(tmp_path / "ref", ["It is so.", "And so."])
    tabs = write(tmp_path / "tabs", ["1\tIt is so.", "2\tAnd so."])
    tokens = write(tmp_path / "tokens", ["It is so .", "And so ."])
    systems = {"a": plain, "b": tabs, "c": tokens}
    tab_note = "these look like columns with tabs between them; take that of the text: cut -fN FILE > NEW"
    assert read_direction(systems, [plain]).notes == [
        (str(tabs), tab_note),
        (str(tokens), "these look tokenised, and the references are not; detokenise them first"),
    ]
    assert read_direction({"b": tabs}, [tabs]).notes == [(str(tabs), tab_note)]
    assert read_direction({"c": tokens}, [tokens]).notes == [
        (str(tokens), "these look tokenised; scores against them do not compare with others")
    ]
