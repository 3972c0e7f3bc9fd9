#!/bin/sh
# Versions: cyrtranslit 1.2.0, Python 3.11.
# Guess: to_cyrillic undoes to_latin for the languages that the package lists; what cannot be undone raises an error.
# Behaviour: of Ukrainian and Belarusian it leaves Latin letters inside Cyrillic words, without an error. Serbian comes back,
#   but foreign words become half Cyrillic, and the check Latin → Cyrillic → Latin does not see it: it gives the same text.
#   A sign of two letters has one capital, also in a word of capitals.
# Output seen:
#   Ukrainian для дljа / Belarusian для дljа / Serbian для для
#   foreign Wиндоwс, and back Windows
#   capitals LjUBAV
# Here: text goes from Serbian Cyrillic to Latin alone (`change: cyrillic_to_latin`); other languages are refused, and there
#   is no way back.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q cyrtranslit==1.2.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from cyrtranslit import to_cyrillic, to_latin

back = {}
for name, code in (("Ukrainian", "ua"), ("Belarusian", "by"), ("Serbian", "sr")):
    back[name] = to_cyrillic(to_latin("для", code), code)
print(" / ".join(f"{name} для {text}" for name, text in back.items()))
foreign = to_cyrillic("Windows", "sr")
print(f"foreign {foreign}, and back {to_latin(foreign, 'sr')}")
capitals = to_latin("ЉУБАВ", "sr")
print(f"capitals {capitals}")
assert "lj" in back["Ukrainian"] and "lj" in back["Belarusian"], "the behaviour has changed"
assert foreign[0] == "W" and to_latin(foreign, "sr") == "Windows", "the behaviour has changed"
assert capitals == "LjUBAV", "the behaviour has changed"
PY
