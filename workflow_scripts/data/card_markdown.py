"""The data card as Markdown for a reader."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CEILING_NOTE = (
    "References put through text processing, subwords and back, as a translation without a mistake would be "
    "written, scored against themselves: no system can have more. Neither Moses nor SentencePiece's "
    "normalisation is undone without loss (`text.moses`, `subwords.normalization`)."
)


def card_markdown(card: Mapping[str, Any]) -> str:
    """Return the card as Markdown for a reader."""
    lines = ["# Data card", ""]
    if without := card["text"]["without_moses_rules"]:
        lines += [f"Moses has no rules of their own for {', '.join(without)}: generic ones were used.", ""]
    for subset, pairs in card["subsets"].items():
        lines += [f"## {subset}", "", *_subset_table(pairs), "", *_entities(pairs), *_sources_table(pairs)]
    if card["ceiling"]:
        lines += ["## Ceiling", "", CEILING_NOTE, "", *_ceiling_table(card["ceiling"]), ""]
    lines += ["## Overlap", ""]
    lines += _overlap_table(card["overlap"])
    lines += ["", "## Checksums", ""]
    rows = []
    if subwords := card["subwords"]:
        lines += [f"{subwords['pieces']:,} subwords.", ""]
        rows = [[name, f"`{value}`"] for name, value in subwords["sha256"].items()]
    for subset, pairs in card["subsets"].items():
        for pair, entry in pairs.items():
            for language, side in entry["languages"].items():
                rows.append([f"text/{subset}/{pair}.{language}.txt", f"`{side['sha256']['text']}`"])
    lines += _table(["file", "SHA-256"], rows)
    return "\n".join(lines) + "\n"


def _subset_table(pairs: Mapping[str, Any]) -> list[str]:
    rows: list[dict[str, str]] = []
    for pair, entry in pairs.items():
        for language, side in entry["languages"].items():
            cells = {"pair": pair, "language": language, "sentences": f"{entry['sentences']:,}"}
            cells["words"] = f"{side['words']:,}"
            if "tokens" in side:
                cells |= {"tokens": f"{side['tokens']:,}", "unknown": f"{100 * side['unknown_rate']:.3f} %"}
            cells |= {"dropped": _counts(entry["dropped"]), "normalised": _counts(side["normalised"])}
            if "changed_by_subwords" in side:
                cells["lines changed by subwords"] = f"{side['changed_by_subwords']:,}"
            rows.append(cells)
    return _table([*rows[0]], [[*row.values()] for row in rows])


def _sources_table(pairs: Mapping[str, Any]) -> list[str]:
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
        sides = [_counts(one[name]) for name in ("sides", "other_pairs")]
        found = [f"{one['sentences']:,}", str(one["exact"]), *sides, str(one["any"])]
        rows.append([one["subset"], one["pair"], one["with"], *found])
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


def _two_digits(score: float) -> str:
    return str(Decimal(repr(score)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _ceiling_table(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    head = ["test set", "into", "pairs", "sentences", "changed", "BLEU", "chrF2++", "words that Moses cuts"]
    rows = []
    for one in entries:
        moses = one["moses"]
        cut = "n/a"
        if moses:
            cut = f"{moses['split_words']:,} of {moses['words']:,} in {moses['lines']:,} lines"
        pairs = one["pairs"][0] if len(one["pairs"]) == 1 else f"{len(one['pairs'])} pairs"
        scores = [_two_digits(one["scores"][name]) for name in ("bleu", "chrf")]
        sizes = [f"{one[name]:,}" for name in ("sentences", "changed_lines")]
        rows.append([one["testset"], one["language"], pairs, *sizes, *scores, cut])
    return _table(head, rows)
