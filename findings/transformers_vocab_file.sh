#!/bin/sh
# Versions: transformers 5.24.0, tokenizers 0.23.3, sentencepiece 0.2.3, protobuf 7.36.2, Python 3.11.
# Guess: T5Tokenizer(vocab_file=…), whose documentation calls it the file that holds the vocabulary, reads it, as do mBART-50's and
#   NLLB's; and an NLLB folder that has sentencepiece.bpe.model alone has the tags of its 202 languages, as in version 4.
# Behaviour: the three classes take the argument and do not look at the file. They are made of placeholders, in which every word
#   is <unk>, without an error or a warning. From a folder with the same file the words are known; but in NLLB's both tags are
#   <unk>, too: a source begins with it whatever its language.
# Output seen (150 pieces; tokens, share of words that have an unknown piece):
#   T5Tokenizer: given the file 104, 100 %; in a folder 250, 0 %
#   MBart50Tokenizer: given the file 58, 100 %; in a folder 204, 0 %
#   NllbTokenizer: given the file 207, 100 %; in a folder 152, 0 %
#   NLLB's eng_Latn and deu_Latn: [3, 3], unknown is 3
# Here: tokenizers are loaded by their folder, tags are put by id, and one that knows no word or not the tag is refused.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q transformers==5.24.0 tokenizers==0.23.3 huggingface_hub==2.4.0 sentencepiece==0.2.3 \
    protobuf==7.36.2 numpy==1.26.4
cd "$folder"
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PY' 2>said || { cat said; exit 1; }
from pathlib import Path

import sentencepiece
from transformers import MBart50Tokenizer, NllbTokenizer, T5Tokenizer

SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
LINES = [" ".join(SYLLABLES[i % 60] + SYLLABLES[(i * 7 + k) % 60] for k in range(6)) for i in range(300)]
CASES = {
    T5Tokenizer: ("spiece.model", {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}),
    MBart50Tokenizer: ("sentencepiece.bpe.model", {}),
    NllbTokenizer: ("sentencepiece.bpe.model", {"model_type": "bpe"}),
}
found = {}
for kind, (name, more) in CASES.items():
    place = Path(kind.__name__)
    place.mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_prefix=str((place / name).with_suffix("")), vocab_size=150,
        minloglevel=2, **more,
    )
    (place / "tokenizer_config.json").write_text('{"tokenizer_class": "%s"}' % kind.__name__)
    words = " ".join(LINES).split()
    for made in (kind(vocab_file=str(place / name)), kind.from_pretrained(place)):
        ids = made(words, add_special_tokens=False).input_ids
        unknown = sum(made.unk_token_id in one for one in ids) / len(words)
        found.setdefault(kind.__name__, []).append((len(made), round(100 * unknown)))
    (by_file, none), (by_folder, all_of_them) = found[kind.__name__]
    print(f"{kind.__name__}: given the file {by_file}, {none} %; in a folder {by_folder}, {all_of_them} %")
nllb = NllbTokenizer.from_pretrained("NllbTokenizer", src_lang="eng_Latn", tgt_lang="deu_Latn")
tags = nllb.convert_tokens_to_ids(["eng_Latn", "deu_Latn"])
print(f"NLLB's eng_Latn and deu_Latn: {tags}, unknown is {nllb.unk_token_id}")
assert found == {
    "T5Tokenizer": [(104, 100), (250, 0)],
    "MBart50Tokenizer": [(58, 100), (204, 0)],
    "NllbTokenizer": [(207, 100), (152, 0)],
}, "the behaviour has changed"
assert tags == [nllb.unk_token_id] * 2, "the behaviour has changed"
PY
