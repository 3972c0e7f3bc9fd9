"""Write the data card: what the text of an experiment is, in numbers, and which subsets overlap.

Without ``--vocabulary`` text has no subwords here, and nothing is said of them: a model brings its tokenizer.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json, sha256_of, write_json, write_text
from workflow_scripts.common.languages import without_moses_rules
from workflow_scripts.data.card_markdown import card_markdown
from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.text import WORD_START, TextOptions
from workflow_scripts.data.text_overlap import PairText, find_overlaps
from workflow_scripts.units.vocabulary import Vocabulary

FORMAT = "neuronspec-card-1"
BLOCK_LINES = 10_000
_BLANKS = re.compile(" +")
TEXT_FORMAT, BINARISED_FORMAT = "neuronspec-text-1", "neuronspec-binarised-1"


def pair_entry(root: Path, subset: str, pair: str, binarised: bool = True) -> dict[str, Any]:
    """Return one pair's part of the card; UserError if its text and binarised form do not agree, or their
    statistics are not what those stages write. ``binarised``: whether there is such a form."""
    paths = [root / "text" / subset / f"{pair}.json"]
    if binarised:
        paths += [root / "bin" / f"{subset}.{pair}.{language}.json" for language in split_direction(pair)]
    content = {path: _read(path) for path in paths}
    try:
        return _pair_entry(content, subset, pair)
    except (KeyError, TypeError, AttributeError) as error:
        for path in paths:
            name = TEXT_FORMAT if path == paths[0] else BINARISED_FORMAT
            if not isinstance(content[path], dict) or content[path].get("format") != name:
                said = f"{path}: not statistics of the form {name}; delete it and run again"
                raise UserError(said) from None
        raise UserError(
            f"{paths[0]} and those below {paths[1].parent}: the statistics lack {error};"
            " delete them and run again"
        ) from None


def _pair_entry(content: Mapping[Path, Any], subset: str, pair: str) -> dict[str, Any]:
    (_, text), *sides = content.items()
    entry: dict[str, Any] = {
        "sentences": text["sentences"],
        "lines": text["lines"],
        "dropped": text["dropped"],
        "entities_undone": bool(text.get("entities", {}).get("undone", False)),
        "languages": {},
    }
    if "sources" in text:
        entry["sources"] = text["sources"]
    for number, language in enumerate(split_direction(pair)):
        side, sha256 = {"words": text["words"][language]}, {"text": text["sha256"][language]}
        if sides:
            path, binarised = sides[number]
            if binarised["made_from"]["text"] != sha256["text"]:
                raise UserError(f"{path} was made from another text; binarise {subset} {pair} again")
            tokens, unknown = binarised["tokens"], binarised["unknown_tokens"]
            side |= {"tokens": tokens, "unknown_tokens": unknown}
            side["unknown_rate"] = unknown / tokens if tokens else 0.0
            sha256 |= binarised["sha256"]
        side["normalised"] = text["normalised"][language]
        side["entities"] = text.get("entities", {}).get("lines", {}).get(language, 0)
        entry["languages"][language] = {**side, "sha256": sha256}
    return entry


def _read(path: Path) -> Any:
    if not path.is_file():
        raise UserError(f"{path}: the statistics are missing")
    return read_json(path)


def build_card(
    root: Path,
    vocabulary: Path | None,
    subsets: Mapping[str, Sequence[str]],
    text: TextOptions,
    testsets: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the data card of the folder ``root``; ``subsets`` as {subset: [pair, ...]}. ``vocabulary``:
    folder of its subwords, if it has some. ``testsets``: those whose ceilings are known, below
    ``root/ceiling``."""
    languages = dict.fromkeys(
        x for pairs in subsets.values() for pair in pairs for x in split_direction(pair)
    )
    texts: dict[str, list[PairText]] = {}
    for subset, pairs in subsets.items():
        place = root / "text" / subset
        files = [{la: place / f"{pair}.{la}.txt" for la in split_direction(pair)} for pair in pairs]
        texts[subset] = [PairText(pair, sides) for pair, sides in zip(pairs, files, strict=True)]
    binarised = vocabulary is not None
    entries = {
        name: {pair: pair_entry(root, name, pair, binarised) for pair in pairs}
        for name, pairs in subsets.items()
    }
    if vocabulary is not None:
        _count_changed(texts, entries, normaliser_of(vocabulary / "spm.model"))
    return {
        "format": FORMAT,
        "text": {
            **asdict(text),
            # Processed by generic rules, with English abbreviations.
            "without_moses_rules": without_moses_rules(languages) if text.moses else [],
        },
        "subsets": entries,
        "subwords": None if vocabulary is None else _subwords(vocabulary),
        "ceiling": [entry for testset in testsets for entry in ceilings_of(root / "ceiling", testset)],
        "overlap": find_overlaps(texts),
    }


def _subwords(vocabulary: Path) -> dict[str, Any]:
    model, dictionary = vocabulary / "spm.model", vocabulary / "dict.txt"
    return {
        "pieces": len(Vocabulary.read(dictionary).subwords),
        "sha256": {path.name: sha256_of(path) for path in (model, dictionary)},
    }


def _count_changed(texts: Mapping[str, Sequence[PairText]], entries: dict[str, Any], normaliser: Any) -> None:
    """Add to the entries of all sides how many lines the subword model's normalisation changes."""
    count = cache(lambda sha256: changed_lines(paths[sha256], normaliser))
    paths: dict[str, Path] = {}  # equal text is read once
    for subset, listed in texts.items():
        for one in listed:
            for language, side in entries[subset][one.pair]["languages"].items():
                sha256 = side["sha256"]["text"]
                paths.setdefault(sha256, one.files[language])
                side["changed_by_subwords"] = count(sha256)


def ceilings_of(root: Path, testset: str) -> list[dict[str, Any]]:
    """Return the entries of a test set, in the order of the directions. Raises UserError: the file is
    missing, or none of ``evaluate.score_ceiling``."""
    path = root / f"{testset}.json"
    if not path.is_file():
        raise UserError(f"{path}: the ceiling is missing")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        for direction, entry in read_json(path)["directions"].items():
            target = split_direction(direction)[1]
            key = target, entry["references_sha256"]
            scores = {score["metric"]: score["score"] for score in entry["scores"]}
            counts = {"sentences": entry["n"], "changed_lines": entry["changed_lines"]}
            about = {"testset": testset, "language": target, "pairs": [], **counts, "scores": scores}
            one = found.setdefault(key, {**about, "moses": entry["moses"]})
            one["pairs"].append(pair_of(direction))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a ceiling file ({error}); delete it and run again") from None
    return list(found.values())


def normaliser_of(model: Path) -> Any:
    """Return SentencePiece's normaliser of a model. Raises UserError: the file is not a model."""
    from sentencepiece import SentencePieceNormalizer

    try:
        return SentencePieceNormalizer(model_file=str(model))
    except (RuntimeError, OSError):
        raise UserError(f"{model}: not a SentencePiece model") from None


def changed_lines(path: Path, normaliser: Any) -> int:
    """Return how many lines of a text a model's normalisation changes."""
    lines, changed = read_text_lines(path), 0
    while block := list(islice(lines, BLOCK_LINES)):
        for line, seen in zip(block, normaliser.normalize(block), strict=True):
            # It marks blanks, and puts one before the line.
            changed += seen.replace(WORD_START, " ").strip(" ") != _BLANKS.sub(" ", line).strip(" ")
    return changed


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True, help="folder with text/ and bin/")
    parser.add_argument("--vocabulary", type=Path, help="folder with spm.model and dict.txt, if it has some")
    parser.add_argument("--pairs", required=True, help="JSON {subset: [pair, ...]}")
    parser.add_argument("--testsets", nargs="*", default=[], help="those below ceiling/ of the data root")
    parser.add_argument(
        "--text", type=TextOptions.from_json, default=TextOptions(), help="JSON: text options"
    )
    parser.add_argument("--out-json", type=Path, required=True)
    parser.add_argument("--out-markdown", type=Path, required=True)
    arguments = parser.parse_args(argv)
    try:
        subsets = json.loads(arguments.pairs)
    except ValueError as error:
        raise UserError(f"--pairs is not JSON: {error}") from None
    if not isinstance(subsets, dict) or not all(
        isinstance(pairs, list) and all(isinstance(pair, str) for pair in pairs) for pairs in subsets.values()
    ):
        raise UserError('--pairs: not of the form {"train": ["de-en"], …}')
    card = build_card(arguments.data_root, arguments.vocabulary, subsets, arguments.text, arguments.testsets)
    write_json(arguments.out_json, card)
    write_text(arguments.out_markdown, card_markdown(card))


if __name__ == "__main__":
    run_main(main)
