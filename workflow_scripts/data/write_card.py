"""Write the data card: what the text of an experiment is, in numbers.

Input: the statistics that ``prepare_text`` and ``binarise`` left, and the prepared text itself.
Output: ``card.json`` and ``card.md``: per subset and pair sentences, words, subword tokens, unknown tokens,
dropped and normalised lines, checksums; and the overlap of train, valid and test sets, which is reported and
fails nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workflow_scripts.data.card_ceilings import CEILING_NOTE, ceiling_rows, ceilings_of
from workflow_scripts.data.card_normalisation import counter_of
from workflow_scripts.data.overlap import PairText, find_overlaps
from workflow_scripts.data.text import TextOptions
from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.files import read_json, sha256_of, write_json, write_text
from workflow_scripts.languages import without_moses_rules
from workflow_scripts.units.vocabulary import Vocabulary

FORMAT = "neuronspec-card-1"
TEXT_FORMAT, BINARISED_FORMAT = "neuronspec-text-1", "neuronspec-binarised-1"


def pair_entry(root: Path, subset: str, pair: str) -> dict[str, Any]:
    """Return one pair's part of the card; UserError if its text and binarised form do not agree, or their
    statistics are not what those stages write."""
    paths = [root / "text" / subset / f"{pair}.json"]
    paths += [root / "bin" / f"{subset}.{pair}.{language}.json" for language in split_direction(pair)]
    content = {path: _read(path) for path in paths}
    try:
        return _pair_entry(content, subset, pair)
    except (KeyError, TypeError, AttributeError) as error:
        for path in paths:
            name = TEXT_FORMAT if path == paths[0] else BINARISED_FORMAT
            if not isinstance(content[path], dict) or content[path].get("format") != name:
                raise UserError(
                    f"{path}: not statistics of the form {name}; delete it and run again"
                ) from None
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
    for language, (path, binarised) in zip(split_direction(pair), sides, strict=True):
        if binarised["made_from"]["text"] != text["sha256"][language]:
            raise UserError(f"{path} was made from another text; binarise {subset} {pair} again")
        tokens, unknown = binarised["tokens"], binarised["unknown_tokens"]
        entry["languages"][language] = {
            "words": text["words"][language],
            "tokens": tokens,
            "unknown_tokens": unknown,
            "unknown_rate": unknown / tokens if tokens else 0.0,
            "normalised": text["normalised"][language],
            "entities": text.get("entities", {}).get("lines", {}).get(language, 0),
            "sha256": {"text": text["sha256"][language], **binarised["sha256"]},
        }
    return entry


def _read(path: Path) -> Any:
    if not path.is_file():
        raise UserError(f"{path}: the statistics are missing")
    return read_json(path)


def build_card(
    root: Path,
    vocabulary: Path,
    subsets: Mapping[str, Sequence[str]],
    text: TextOptions,
    testsets: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the data card of the folder ``root``; ``subsets`` as {subset: [pair, ...]}.

    ``testsets``: those whose ceilings are known, below ``root/ceiling``.
    """
    languages = dict.fromkeys(
        x for pairs in subsets.values() for pair in pairs for x in split_direction(pair)
    )
    texts = {
        subset: [
            PairText(pair, {la: root / "text" / subset / f"{pair}.{la}.txt" for la in split_direction(pair)})
            for pair in pairs
        ]
        for subset, pairs in subsets.items()
    }
    model, dictionary = vocabulary / "spm.model", vocabulary / "dict.txt"
    entries = {
        subset: {pair: pair_entry(root, subset, pair) for pair in pairs} for subset, pairs in subsets.items()
    }
    count = counter_of(model)
    for subset, pairs in texts.items():
        for text_of_pair in pairs:
            for language, side in entries[subset][text_of_pair.pair]["languages"].items():
                side["changed_by_subwords"] = count(text_of_pair.files[language], side["sha256"]["text"])
    return {
        "format": FORMAT,
        "text": {
            **asdict(text),
            # Processed by generic rules, with English abbreviations.
            "without_moses_rules": without_moses_rules(languages) if text.moses else [],
        },
        "subsets": entries,
        "subwords": {
            "pieces": len(Vocabulary.read(dictionary).subwords),
            "sha256": {path.name: sha256_of(path) for path in (model, dictionary)},
        },
        "ceiling": [entry for testset in testsets for entry in ceilings_of(root / "ceiling", testset)],
        "overlap": find_overlaps(texts),
    }


def card_markdown(card: Mapping[str, Any]) -> str:
    """Return the card as Markdown for a reader."""
    lines = ["# Data card", ""]
    if without := card["text"]["without_moses_rules"]:
        lines += [f"Moses has no rules of their own for {', '.join(without)}: generic ones were used.", ""]
    for subset, pairs in card["subsets"].items():
        lines += [f"## {subset}", "", *_subset_table(pairs), "", *_entities(pairs), *_sources_table(pairs)]
    if card["ceiling"]:
        lines += ["## Ceiling", "", CEILING_NOTE, "", *_table(*ceiling_rows(card["ceiling"])), ""]
    lines += ["## Overlap", ""]
    lines += _overlap_table(card["overlap"])
    lines += ["", "## Checksums", "", f"{card['subwords']['pieces']:,} subwords.", ""]
    rows = [[name, f"`{value}`"] for name, value in card["subwords"]["sha256"].items()]
    for subset, pairs in card["subsets"].items():
        for pair, entry in pairs.items():
            for language, side in entry["languages"].items():
                rows.append([f"text/{subset}/{pair}.{language}.txt", f"`{side['sha256']['text']}`"])
    lines += _table(["file", "SHA-256"], rows)
    return "\n".join(lines) + "\n"


def _subset_table(pairs: Mapping[str, Any]) -> list[str]:
    head = ["pair", "language", "sentences", "words", "tokens", "unknown", "dropped", "normalised"]
    head.append("lines changed by subwords")
    rows = []
    for pair, entry in pairs.items():
        for language, side in entry["languages"].items():
            rows.append(
                [
                    pair,
                    language,
                    f"{entry['sentences']:,}",
                    f"{side['words']:,}",
                    f"{side['tokens']:,}",
                    f"{100 * side['unknown_rate']:.3f} %",
                    _counts(entry["dropped"]),
                    _counts(side["normalised"]),
                    f"{side['changed_by_subwords']:,}",
                ]
            )
    return _table(head, rows)


def _sources_table(pairs: Mapping[str, Any]) -> list[str]:
    """Return what each of several sources has; nothing where no pair has several."""
    rows, examples = [], []
    for pair, entry in pairs.items():
        for number, source in enumerate(entry.get("sources", []), start=1):
            files = ", ".join(source["files"].values())
            earlier = f"{source['in_earlier_sources']:,}"
            rows.append([pair, str(number), files, f"{source['sentences']:,}", earlier])
            where = f"{pair}, in source {number} and an earlier one"
            examples += [f"- {where}: {' / '.join(example.values())}" for example in source["examples"]]
    if not rows:
        return []
    note = "Sources are joined in this order; the last column counts pairs that an earlier source has too."
    head = ["pair", "source", "files", "sentences", "in an earlier source"]
    return [note, "", *_table(head, rows), "", *([*examples, ""] if examples else [])]


def _entities(pairs: Mapping[str, Any]) -> list[str]:
    """Return a line on HTML entities, where there are any."""
    found = [
        f"{pair} {language}: {side['entities']:,}" + (" (undone)" if entry["entities_undone"] else "")
        for pair, entry in pairs.items()
        for language, side in entry["languages"].items()
        if side["entities"]
    ]
    return [f"Lines with HTML entities, such as `&amp;` for &: {', '.join(found)}.", ""] if found else []


def _overlap_table(overlaps: Sequence[Mapping[str, Any]]) -> list[str]:
    head = [
        "held out",
        "pair",
        "found in",
        "sentences",
        "exact pair",
        "one side",
        "through another pair",
        "any",
    ]
    rows, examples = [], []
    for one in overlaps:
        rows.append(
            [
                one["subset"],
                one["pair"],
                one["with"],
                f"{one['sentences']:,}",
                str(one["exact"]),
                _counts(one["sides"]),
                _counts(one["other_pairs"]),
                str(one["any"]),
            ]
        )
        for example in one["examples"]:
            words = " / ".join(str(text) for key, text in example.items() if key != "line")
            examples.append(
                f"- {one['subset']} {one['pair']}, line {example['line']}, in {one['with']}: {words}"
            )
    if not rows:
        return ["Nothing to compare."]
    note = (
        "Sides are compared without case and punctuation; *through another pair*: the sentence is in the "
        "text of another language pair only."
    )
    return [note, "", *_table(head, rows), *(["", "Examples:", "", *examples] if examples else [])]


def _counts(counts: Mapping[str, int]) -> str:
    present = [f"{name} {count:,}" for name, count in counts.items() if count]
    return ", ".join(present).replace("_", " ") or "0"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    # A "|" in a cell would end it.
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *escaped]]


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True, help="folder with text/ and bin/")
    parser.add_argument("--vocabulary", type=Path, required=True, help="folder with spm.model and dict.txt")
    parser.add_argument("--pairs", required=True, help="JSON {subset: [pair, ...]}")
    parser.add_argument("--testsets", nargs="*", default=[], help="those below ceiling/ of the data root")
    parser.add_argument(
        "--text", type=TextOptions.from_json, default=TextOptions(), help="text options, JSON"
    )
    parser.add_argument("--out-json", type=Path, required=True)
    parser.add_argument("--out-markdown", type=Path, required=True)
    arguments = parser.parse_args(argv)
    try:
        subsets = json.loads(arguments.pairs)
    except ValueError as error:
        raise UserError(f"--pairs is no JSON: {error}") from None
    if not isinstance(subsets, dict) or not all(
        isinstance(pairs, list) and all(isinstance(pair, str) for pair in pairs) for pairs in subsets.values()
    ):
        raise UserError('--pairs: not of the form {"train": ["de-en"], …}')
    card = build_card(arguments.data_root, arguments.vocabulary, subsets, arguments.text, arguments.testsets)
    write_json(arguments.out_json, card)
    write_text(arguments.out_markdown, card_markdown(card))


if __name__ == "__main__":
    run_main(main)
