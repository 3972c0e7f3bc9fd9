"""Generate a toy corpus: parallel text in small invented languages, with gold tags.

Written are ``{subset}.{language}`` for ``test`` and ``valid`` (the same meaning on the same line in every
language), ``train.{pair}.{language}`` (other meanings for every pair), beside each file ``.pos`` and ``.num``
with a tag for every token, ``lexicon.json`` and ``toy.json``. The same spec gives the same bytes on every
Python.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_json, write_text
from workflow_scripts.data.toy.corpus import Corpus
from workflow_scripts.data.toy.spec import ToySpec, parse_spec

FORMAT = "neuronspec-toy-1"


def generate(spec: ToySpec, folder: Path) -> dict[str, str]:
    """Write the corpus of ``spec`` into ``folder``; return the SHA-256 of every file by name."""
    corpus = Corpus(spec)
    hashes: dict[str, str] = {}
    for subset in corpus.subsets():
        for code, sentences in subset.sentences.items():
            name = f"{subset.name}.{code}"
            for suffix, column in (("", "form"), (".pos", "pos"), (".num", "number")):
                rows = (" ".join(getattr(word, column) for word in words) + "\n" for words in sentences)
                text = "".join(rows)
                write_text(folder / (name + suffix), text)
                hashes[name + suffix] = hashlib.sha256(text.encode("utf-8")).hexdigest()
        print(f"{subset.name}: {len(sentences)} sentences", file=sys.stderr)
    write_json(folder / "lexicon.json", _lexicon_json(corpus))
    # Last: a folder with toy.json is complete.
    write_json(folder / "toy.json", _description(corpus, hashes))
    return hashes


def _lexicon_json(corpus: Corpus) -> dict[str, Any]:
    return {
        name: {
            "proto_words": family.proto_words,
            "proto_affixes": family.proto_affixes,
            "languages": {
                code: {
                    "sound_changes": [[change.pattern, change.replacement] for change in lexicon.changes],
                    "words": lexicon.words,
                    "affixes": lexicon.affixes,
                }
                for code, lexicon in family.members.items()
            },
        }
        for name, family in corpus.families.items()
    }


def _description(corpus: Corpus, hashes: dict[str, str]) -> dict[str, Any]:
    spec = corpus.spec
    languages: dict[str, Any] = {}
    for code, language in corpus.languages.items():
        pivot = code == spec.pivot
        languages[code] = {
            "family": next((name for name, members in spec.families.items() if code in members), None),
            "tier": None if pivot else spec.tier_of(code),
            "train_sentences": None if pivot else spec.train_size(code),
            "grammar": asdict(language.grammar),
            "merged": language.usage.merged,
            "collocated": {concept: list(domains) for concept, domains in language.usage.collocated.items()},
            "synonyms": sorted(language.usage.free),
            "second_class": sorted(language.usage.second_class),
        }
    facts = {"languages": languages, "noun_domains": dict(corpus.world.domain), "sha256": hashes}
    return {"format": FORMAT, "spec": asdict(spec), **facts}


def main(argv: list[str] | None = None) -> None:
    """Run the stage from the command line."""
    parser = argparse.ArgumentParser(description="Generate a toy corpus.")
    parser.add_argument("--spec", required=True, help="the toy section of the config, as JSON text")
    parser.add_argument("--out", required=True, type=Path, help="folder to write into")
    arguments = parser.parse_args(argv)
    try:
        values = json.loads(arguments.spec)
    except json.JSONDecodeError as error:
        raise UserError(f"--spec: not JSON: {error}") from None
    generate(parse_spec(values), arguments.out)


if __name__ == "__main__":
    run_main(main)
