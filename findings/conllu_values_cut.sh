#!/bin/sh
# Versions: conllu 6.0.0, Python 3.11.
# Guess: the value of an entry of MISC is all behind its first "="; comments of one name are all kept; and what was parsed is
#   written as it was read.
# Behaviour: a value ends at its second "=", without a word. Glosses have that mark where a clitic begins: "dog=DEF" is read
#   as "dog", and words with and without the article have one label for a probe. Of comments of one name the last is kept.
#   A file that is read and written lacks both for good.
# Output seen:
#   Gloss dog / glosses 3 in the file, 1 read
#   source second / written as read False
# Here: columns are split at tabs and entries at their first "="; of a name that is there twice the first counts. A test
#   holds both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q conllu==6.0.0
"$folder/venv/bin/python" - <<'PY'
import conllu

GLOSSES = ("dog", "dog=DEF", "dog=POSS")
text = "# source = first\n# source = second\n"
for number, gloss in enumerate(GLOSSES, start=1):
    columns = [str(number), "w", "w", "NOUN", "_", "_", str(number - 1), "dep" if number > 1 else "root", "_", f"Gloss={gloss}"]
    text += "\t".join(columns) + "\n"
text += "\n"
(sentence,) = conllu.parse(text)
read = [token["misc"]["Gloss"] for token in sentence]
source, same = sentence.metadata["source"], sentence.serialize() == text
print(f"Gloss {read[1]} / glosses {len(set(GLOSSES))} in the file, {len(set(read))} read")
print(f"source {source} / written as read {same}")
assert read == ["dog"] * 3 and source == "second" and not same, "the behaviour has changed"
PY
