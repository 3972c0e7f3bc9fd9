"""Contrastive sets as files: what is one item, and what is no mistake (mistakes: tests/malformed)."""

from workflow_scripts.likelihood.contrastive_set import Item, read_contrastive


def test_lines_of_one_id_are_one_item(tmp_path):
    (tmp_path / "set.tsv").write_bytes(
        # Another order of columns, a byte order mark, a line end of Windows, no end of the last line.
        b"\xef\xbb\xbfid\tdirection\tphenomenon\tsource\tcorrect\twrong\n"
        b"1\tde-en\tnumber\tein Haus\ta house\thouses\r\n"
        b"1\ten-de\tnumber\ta house\tein Haus\tH\xc3\xa4user\n"
        b'1\tde-en\tnumber\tein Haus\ta house\tsome "houses\n'
        b"2\tde-en\tgender\tdie Frau\tthe woman\tthe man"
    )
    assert read_contrastive(tmp_path / "set.tsv", ["de-en", "en-de"]) == [
        Item("de-en", "1", "ein Haus", "a house", ("houses", 'some "houses'), "number", 2),
        Item("en-de", "1", "a house", "ein Haus", ("Häuser",), "number", 3),
        Item("de-en", "2", "die Frau", "the woman", ("the man",), "gender", 5),
    ]


def test_directions_may_be_spelt_with_hyphens(tmp_path):
    (tmp_path / "set.tsv").write_text(
        "direction\tid\tsource\tcorrect\twrong\tphenomenon\nen-pt-BR\t1\thouse\tcasa\tcasas\tnumber\n"
    )
    assert [item.direction for item in read_contrastive(tmp_path / "set.tsv", ["en-pt_BR"])] == ["en-pt_BR"]
