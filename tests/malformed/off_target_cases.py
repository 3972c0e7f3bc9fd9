"""Malformed text to train a language identifier on, malformed identifiers, and hypotheses for them."""

import json

import numpy as np

from tests.malformed.case import Accepted, cases_of, deferred, laid
from workflow_scripts.common.archive import write_archive

# As users see them: the page is made in an environment that cannot import the identifier.
FORMAT, FEATURES = "language-identifier-1", 131072
LINES = b"ein Haus am Fluss\nam Fluss\nein Haus\n"
PAIRS = '{"train":["de-en"],"test":["de-en"]}'
WEIGHTS = np.zeros((2, FEATURES), np.float32)


@deferred
def training(folder, pairs=PAIRS, languages="de en", **files):
    """Text of one pair; ``train_de`` and the like: other bytes in that file."""
    for subset in ("train", "test"):
        for language in ("de", "en"):
            path = folder / subset / f"de-en.{language}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(files.get(f"{subset}_{language}", LINES))
    words = f"--text-root . --languages {languages} --out-model model.npz --out-accuracy accuracy.json"
    return [*words.split(), "--pairs", pairs]


train = cases_of("identifier-", "evaluate.languages.train_identifier")


@deferred
def identifying(
    folder, weights=WEIGHTS, change=lambda content: content, hypotheses=LINES, directions="en-de", **manifest
):
    """An identifier of German and English, and hypotheses of one direction."""
    from workflow_scripts.evaluate.languages.language_identifier import settings

    whole = {"format": FORMAT, "languages": ["de", "en"], **settings(), **manifest}
    write_archive(folder / "model.npz", {"weights": weights}, whole)
    (folder / "model.npz").write_bytes(change((folder / "model.npz").read_bytes()))
    (folder / "hyp.en-de").write_bytes(hypotheses)
    (folder / "ref.de").write_bytes(LINES)
    files = "--identifier model.npz --hypotheses hyp.{direction} --references ref.{target}"
    job = "--experiment x --system ns --testset one --seed 1 --out languages.json"
    return f"{job} {files} --directions {directions}"


def absent(folder):
    words = identifying()(folder)
    (folder / "model.npz").unlink()
    return str(words)


@deferred
def laid_beside(folder, files, directions="en-de"):
    words = identifying(directions=directions)(folder)
    return laid(files, words)(folder)


identify = cases_of("off-target-", "evaluate.languages.identify")

AGAIN = "delete it and run the step that writes it again"
CASES = [
    train("json", "pairs that are not JSON", training(pairs="{"), '--pairs: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))'),
    train("form", "pairs of another form", training(pairs='{"train":"de-en"}'), '--pairs: not of the shape {"train": ["de-en"], "test": ["de-en"]}'),
    train("train", "no pairs to train on", training(pairs='{"test":["de-en"]}'), '--pairs: no pairs of train, the text to train on; there are test'),
    train("pair", "a pair with an underscore", training(pairs='{"train":["de_en"]}'), "'de_en' is not two language codes around a hyphen, as in de-en (did you mean 'de-en'?)"),
    train("absent", "a pair without text", training(pairs='{"train":["de-fr"]}'), 'train/de-fr.de.txt: no such file, for the text of de'),
    train("language", "a language without training text", training(languages="de en fr"), 'train: no training text of fr, so no identifier can know it; add some, or set evaluation.off_target: false'),
    train("empty", "training text without a letter", training(train_de=b"1\n\n2\n"), 'train: no training text of de, so no identifier can know it; add some, or set evaluation.off_target: false'),
    train("not-utf8", "training text in Latin-1", training(train_en=b"a house\nna\xefve\n"), 'train/de-en.en.txt: not UTF-8 in the line at byte 8; convert it with iconv'),
    identify("absent", "no identifier", absent, 'model.npz: no such identifier; evaluate.languages.train_identifier writes it'),
    identify("cut", "a truncated identifier", identifying(change=lambda content: content[:5000]), f'model.npz: not a {FORMAT} file (File is not a zip file); {AGAIN}'),
    identify("bytes", "an identifier with a changed byte", identifying(change=lambda content: content[:9000] + b"!" + content[9001:]), f"model.npz: not a {FORMAT} file (Bad CRC-32 for file 'weights.npy'); {AGAIN}"),
    identify("format", "a mask file as identifier", identifying(format="masks-1"), f"model.npz: format is 'masks-1', expected '{FORMAT}'; name the right file"),
    identify("ngrams", "an identifier with other n-grams", identifying(ngrams=[2, 3]), 'model.npz: an identifier with other n-grams; delete it and train it again'),
    identify("languages", "an identifier that names no languages", identifying(languages="de"), f'model.npz: not a {FORMAT} file (it names no languages); {AGAIN}'),
    identify("weights", "an identifier with weights of another size", identifying(WEIGHTS[:1]), f'model.npz: not a {FORMAT} file (no float32 weights of 2 × {FEATURES}); {AGAIN}'),
    identify("nan", "an identifier with weights that are no numbers", identifying(WEIGHTS + np.float32("nan")), f'model.npz: not a {FORMAT} file (a weight is not a finite number); {AGAIN}'),
    identify("target", "a target that the identifier does not know", identifying(directions="en-deu"), "model.npz: does not know 'deu', the target of en-deu (did you mean 'de'?); it knows de, en; train it on text of that too"),
    identify("shorter", "a hypothesis file of another length", identifying(hypotheses=LINES[:18]), 'hyp.en-de has 1 lines but ref.de has 3: line 2 has no counterpart'),
    train("list", "a list for pairs", training(pairs='["de-en"]'), '--pairs: not of the shape {"train": ["de-en"], "test": ["de-en"]}'),
    identify("language-number", "an identifier of a language that is a number", identifying(languages=["de", 3]), 'model.npz: not a language-identifier-1 file (it names no languages); delete it and run the step that writes it again'),
    identify("no-languages", "an identifier of no language", identifying(languages=[]), 'model.npz: not a language-identifier-1 file (it names no languages); delete it and run the step that writes it again'),
    identify("double", "an identifier with weights of another type", identifying(np.zeros((2, FEATURES))), 'model.npz: not a language-identifier-1 file (no float32 weights of 2 × 131072); delete it and run the step that writes it again'),
    identify("several", "hypotheses of other lengths in two directions", laid_beside({"hyp.en-de": LINES[:18], "hyp.de-en": LINES[:18], "ref.en": LINES}, "en-de de-en"), 'hyp.en-de has 1 lines but ref.de has 3: line 2 has no counterpart\nhyp.de-en has 1 lines but ref.en has 3: line 2 has no counterpart'),
    identify("blank-reference", "a reference without text", laid_beside({"ref.de": b"\nam Fluss\nein Haus\n"}), 'ref.de, line 1: empty reference; mend it, or choose what is done: --empty-references count (scored as they are) or drop (left out for all systems); in a config evaluation.empty_references'),
    identify("references", "two references of a sentence", laid_beside({}, "en-de --references a b"), '--references: the identifier takes one reference of a sentence, not 2; BLEU, chrF and TER take several (evaluate_outputs)'),
]  # fmt: skip


def counted_apart(folder):
    found = json.loads((folder / "languages.json").read_text())["directions"]["en-de"]
    assert (found["n"], found["empty"], found["without_letters"], found["labels"]) == (3, 1, 1, {"de": 1})
    assert found["off_target_rate"] == 0


ACCEPTED = [
    Accepted("off-target-blank", "hypotheses that are blank or a number", "evaluate.languages.identify", identifying(hypotheses=b"ein Haus\n\n1984\n"), "counted apart", counted_apart),
]  # fmt: skip
