"""The vocabulary in fairseq's form."""

from __future__ import annotations

from workflow_scripts.models.vocabulary import fairseq_dictionary
from workflow_scripts.units.vocabulary import BOS, EOS, PAD, UNKNOWN, Vocabulary


def test_equal_to_fairseqs_own_reading(tmp_path):
    from fairseq.data import Dictionary

    path = tmp_path / "dict.txt"
    path.write_text("▁a 100\nb 7\n\u2028c 1\n", encoding="utf-8")
    vocabulary = Vocabulary.read(path, ["en", "de"])
    ours = fairseq_dictionary(vocabulary)
    stock = Dictionary.load(str(path))
    for language in ("en", "de"):
        stock.add_symbol(f"__{language}__")
    assert ours.symbols == stock.symbols == vocabulary.symbols
    assert (ours.bos(), ours.pad(), ours.eos(), ours.unk()) == (BOS, PAD, EOS, UNKNOWN)
