"""Write the gold labels of a toy corpus's held-out text as CoNLL-U: ``{subset}.{language}.conllu``.

Part of speech, relation (``deprel``), ``Number``, ``Tense``, ``Definite`` and the ``Domain`` of a noun's
meaning. The text is the one that ``generate_toy`` writes; it is not written again.
"""

import argparse
import json
from pathlib import Path

from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.data.toy.gold import GoldCorpus, conllu
from workflow_scripts.data.toy.spec import parse_spec

SUBSETS = ("test", "valid")


def main(argv: list[str] | None = None) -> None:
    """Run the stage from the command line; UserError for a language or subset that the corpus lacks."""
    parser = argparse.ArgumentParser(description="Write the gold labels of a toy corpus.")
    parser.add_argument("--spec", required=True, help="the toy section of the config, as JSON text")
    parser.add_argument("--subset", required=True, help=" or ".join(SUBSETS))
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--out", required=True, type=Path, help="folder to write into")
    arguments = parser.parse_args(argv)
    try:
        spec = parse_spec(json.loads(arguments.spec))
    except json.JSONDecodeError as error:
        raise UserError(f"--spec: not JSON: {error}") from None
    known = [spec.pivot, *spec.languages]
    for option, values, there in (
        ("subset", [arguments.subset], SUBSETS),
        ("languages", arguments.languages, known),
    ):
        for value in values:
            if value not in there:
                raise UserError(
                    f"--{option}: no {value!r}{nearest(value, there)}; there are {', '.join(there)}"
                )
    subset = GoldCorpus(spec).subset(arguments.subset)
    for language in arguments.languages:
        text = "".join(conllu(subset.sentences[language]))
        write_text(arguments.out / f"{subset.name}.{language}.conllu", text)


if __name__ == "__main__":
    run_main(main)
