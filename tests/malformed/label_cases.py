"""Malformed gold labels of words, and probes that cannot be compared."""

import json

from tests.malformed.case import cases_of, deferred
from tests.unit.data.test_conllu import row


def small_model(folder):
    import io

    import sentencepiece

    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["ein Haus am Fluss"] * 20),
        model_writer=made,
        vocab_size=24,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "spm.model").write_bytes(made.getvalue())


@deferred
def labelled(folder, gold, text=("ein Haus",), options=""):
    small_model(folder)
    (folder / "gold.conllu").write_text("\n".join(gold) + "\n", encoding="utf-8")
    (folder / "a.de").write_text("\n".join(text) + "\n", encoding="utf-8")
    return f"--text a.de --labels gold.conllu --language de --model spm.model --out o.jsonl {options}"


@deferred
def compared(folder, *probes):
    for number, probe in enumerate(probes):
        (folder / f"{number}.json").write_text(json.dumps(probe))
    names = " ".join(f"{number}.json" for number in range(len(probes)))
    return f"--probes {names} --out-json o.json --out-csv o.csv --out-markdown o.md"


PROBE = {"format": "neuronspec-probes-1", "stack": "encoder", "property": "upos", "system": "a", "seed": 1}
label = cases_of("labels-", "data.labels.label_words")
compare = cases_of("probes-", "analyse.probes.compare_probes")

CASES = [
    label("columns", "labels of nine columns", labelled([row(1, "ein").rpartition("\t")[0]]), "gold.conllu, line 1: 9 columns, not ten"),
    label("blanks", "labels in columns of blanks", labelled(["1 ein _ DET _ _ _ _ _ _"]), "gold.conllu, line 1: 1 columns, not ten; columns are parted by tabs, not by blanks"),
    label("joined", "two sentences without a blank line between them", labelled([row(1, "ein"), row(1, "Haus")]), "gold.conllu, line 2: id 1 where word 2 is next; a blank line parts sentences"),
    label("id", "a word without a number", labelled([row("x", "ein")]), "gold.conllu, line 1: id 'x'; a word's is a number, a range 3-4, an empty node 5.1"),
    label("range", "a range that goes backwards", labelled([row("3-1", "am")]), "gold.conllu, line 1: range 3-1 where word 1 is next"),
    label("range-end", "a range beyond the sentence", labelled([row("1-2", "am"), row(1, "an")]), "gold.conllu, line 2: the sentence ends before word 2 of a range"),
    label("feature", "a feature that is named twice", labelled([row(1, "ein", feats="Case=Nom|Case=Acc")]), "gold.conllu, line 1: Case is said twice"),
    label("feature-value", "a feature without a value", labelled([row(1, "ein", feats="Case")]), "gold.conllu, line 1: FEATS has 'Case', which is not Name=Value"),
    label("none", "comments alone", labelled(["# text = ein Haus"]), "gold.conllu: no sentence; is this CoNLL-U?"),
    label("lines", "labels of more sentences than the text has", labelled([row(1, "ein"), "", row(1, "Haus")]), "gold.conllu: 2 sentences, but the text has 1 lines; one each is needed"),
    label("other", "labels of another text", labelled([row(1, "am"), row(2, "Fluss")]), "gold.conllu: 1 of 1 sentences spell something else than their line of the text, more than 5%: line 1 (line 1 of the labels); are these the labels of this text?"),
    label("share", "a share of 200 %", labelled([row(1, "ein")], options="--most-unaligned 2"), "--most-unaligned is 2.0, a share is from 0 to 1"),
    compare("twice", "one probe twice", compared(PROBE, PROBE), "1.json: encoder upos a 1 is there twice"),
    compare("other", "another file of JSON", compared([PROBE]), "0.json: not the JSON of fit_probes (neuronspec-probes-1)"),
]  # fmt: skip
