#!/bin/sh
# Versions: uroman 1.3.1.1, regex 2026.11.15, Python 3.11.
# Guess: romanised text is ASCII, and characters of a word become letters; the code of the language is needed only for
#   scripts that several languages read differently.
# Behaviour: characters that are numerals by themselves become digits inside words, where they are no numbers ("certainly",
#   "in case", a town). Quotation marks and dashes stay, so that text is not ASCII and its marks may still tell the language.
#   Text in Latin letters is changed, too. Without its code Ukrainian is read by other rules, without a warning.
# Output seen:
#   certainly 1ding / in case 11000 / Chiba 1000ye
#   marks zle – “so”
#   Munich Muenchen
#   with its code Pryvit, without Privit
# Here: `change: latin` hands the code on, `languages` says whose text is changed, and the statistics beside the text count
#   the characters that are not ASCII and the words that are written alike after it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q uroman==1.3.1.1 regex==2026.11.15
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from uroman import Uroman

latin = Uroman().romanize_string
numerals = {name: latin(text, lcode="zho") for name, text in {"certainly": "一定", "in case": "万一", "Chiba": "千葉"}.items()}
print(" / ".join(f"{name} {text}" for name, text in numerals.items()))
marks, munich = latin("źle – “so”", lcode="pol"), latin("München", lcode="deu")
print(f"marks {marks}\nMunich {munich}")
code, none = latin("Привіт", lcode="ukr"), latin("Привіт")
print(f"with its code {code}, without {none}")
assert list(numerals.values()) == ["1ding", "11000", "1000ye"], "the behaviour has changed"
assert (marks, munich) == ("zle – “so”", "Muenchen"), "the behaviour has changed"
assert (code, none) == ("Pryvit", "Privit"), "the behaviour has changed"
PY
