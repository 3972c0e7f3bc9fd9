"""The script of a language, by its code. Standard library only."""

from collections.abc import Iterable

from workflow_scripts.common.languages import THREE_LETTERS, base_code

# ISO 15924 to the languages (ISO 639-1) that are written in it, as Unicode's likely subtags have it; all
# others of ISO 639-1 are written in Latin letters.
_SCRIPTS = """
Arab ar fa ps ug ur
Armn hy
Avst ae
Beng as bn
Cans cr oj
Cyrl ab av ba be bg ce cu cv ky kv mk os ru tt uk
Deva hi mr ne sa
Ethi am ti
Geor ka
Grek el
Gujr gu
Hani zh
Hebr he yi
Jpan ja
Khmr km
Knda kn
Kore ko
Laoo lo
Mlym ml
Mymr my
Orya or
Sinh si
Taml ta
Telu te
Thaa dv
Thai th
Tibt bo dz
Yiii ii
"""
LATIN = "Latn"
_OF = {code: line.split()[0] for line in _SCRIPTS.split("\n") for code in line.split()[1:]}
#: Languages that are written in two scripts today: only a code that names one says which (sr_Latn).
OF_TWO_SCRIPTS = frozenset({"az", "iu", "kk", "ks", "ku", "mn", "pa", "pi", "sd", "sr", "tg", "tk", "uz"})


def script_of(code: str) -> str | None:
    """Return the script of a language as ISO 15924 has it (``Cyrl``): the one that its code names, else its
    usual one. None where that is not known: a language outside ISO 639-1, or of two scripts."""
    named = next((part for part in code.replace("-", "_").split("_")[1:] if len(part) == 4), None)
    if named is not None:
        return named.title()
    base = base_code(code)
    if base not in THREE_LETTERS or base in OF_TWO_SCRIPTS:
        return None
    return _OF.get(base, LATIN)


def by_script(codes: Iterable[str]) -> dict[str, list[str]]:
    """Return languages by script, in the order of the codes; those whose script is not known are left out."""
    found: dict[str, list[str]] = {}
    for code in codes:
        if (script := script_of(code)) is not None:
            found.setdefault(script, []).append(code)
    return found
