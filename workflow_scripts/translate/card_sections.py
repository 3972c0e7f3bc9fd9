"""Sections of a model card: masks and what they added, scores, text, limits, files."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.naming import number_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

#: What Markdown or HTML would take for markup.
_MARKUP = re.compile(r"[\\`*_\[\]|#]")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
PAPER = (
    "Masks and training under masks: Shaomu Tan, Di Wu and Christof Monz. Neuron Specialization: Leveraging"
    " Intrinsic Task Modularity for Multilingual Machine Translation. EMNLP 2024."
    " https://doi.org/10.18653/v1/2024.emnlp-main.374"
)


def plain(text: object) -> str:
    """Return a user's text as one line of Markdown in which nothing is markup."""
    line = " ".join(str(text).split())
    line = "".join(_HTML.get(one, one) for one in line)
    return _MARKUP.sub(lambda found: f"\\{found[0]}", line)


def masks_line(system: SystemFolder) -> str:
    """Return how a system's masks were made and how much they keep, in one line."""
    if system.masks is None:
        return "none"
    table = MaskTable.read(system.masks)
    keep = [table.row(row).mean() for row in table.rows]
    how = table.select if isinstance(table.select, str) else str(table.manifest["rule"])
    kinds = ", ".join(table.space.kinds)
    return f"{how}, of {kinds}; a direction keeps {min(keep):.0%} to {max(keep):.0%} of the units"


def masks_section(system: SystemFolder, added: Sequence[str]) -> Iterator[str]:
    """Yield how masks were made, and what they added. ``added``: sentences of the table ``controls``."""
    if system.masks is None:
        return
    table = MaskTable.read(system.masks)
    gates = ", ".join(f"{kind}: {gate}" for kind, gate in table.gates.items())
    facts = {
        "rule": masks_line(system),
        "scores of units": table.manifest["counting"] or "not known here",
        "units that are left out": gates,
        "made from the weights": table.manifest["weights_sha256"] or "not known here",
        "SHA-256 of the file": system.sha256[system.masks.name],
    }
    yield from ["## Masks", "", *(f"- {name}: {plain(fact)}" for name, fact in facts.items()), ""]
    if accepted := table.manifest.get("accepted_uninformative"):
        yield from [*(f"- accepted though it says nothing: {plain(one)}" for one in accepted), ""]
    yield from ["What masks added over the controls:", ""]
    yield from [*(f"- {plain(one)}." for one in added), ""] if added else ["Not tested here.", ""]


def sentences_on(table: Path, system: str) -> list[str]:
    """Return what the table ``controls`` (CSV) says of a system, over all directions of each test set: of one
    side alone only where there is no other."""
    with table.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["system"] == system and row["sentence"]]
    whole = [row for row in rows if row["side"] == "both"] or rows
    several = len({row["testset"] for row in whole}) > 1
    return [f"{row['testset']}: {row['sentence']}" if several else row["sentence"] for row in whole]


def scores_sections(scores: Sequence[Mapping[str, Any]], directions: Sequence[str]) -> Iterator[str]:
    """Yield the scores on each test set, with the number of sentences and signatures."""
    for one in scores:
        rows = {name: one["directions"][name] for name in directions if name in one["directions"]}
        metrics = [score["metric"] for score in next(iter(rows.values()))["scores"]] if rows else []
        yield from [f"## Scores on {one['testset']}", ""]
        yield from [
            f"| direction | sentences | {' | '.join(metrics)} |",
            f"|---|---:|{'---:|' * len(metrics)}",
        ]
        for name, entry in rows.items():
            numbers = [f"{score['score']:.1f}" for score in entry["scores"]]
            yield f"| {' | '.join([name, str(entry.get('n', '–')), *numbers])} |"
        signatures = [f"`{score['signature']}`" for entry in rows.values() for score in entry["scores"]]
        yield from ["", f"Signatures: {', '.join(dict.fromkeys(signatures))}.", ""]


def text_section(data: Mapping[str, Any] | None, licence: str | None) -> Iterator[str]:
    """Yield the training text: sentences, words and what was dropped, by pair. ``data``: the data card."""
    trained = (data or {}).get("subsets", {}).get("train", {})
    yield from ["## Training text", ""]
    if trained:
        yield from ["| pair | sentences | words | dropped |", "|---|---:|---:|---:|"]
    for pair, entry in trained.items():
        words = sum(side["words"] for side in entry.get("languages", {}).values())
        dropped = sum(entry.get("dropped", {}).values())
        yield f"| {pair} | {entry['sentences']:,} | {words:,} | {dropped:,} |"
    yield from ["", f"Its licence: {plain(licence)}." if licence else "Its licence is not known here.", ""]
    if not trained:
        yield from ["What it was is not known here.", ""]


def limits_section(
    system: SystemFolder, directions: Sequence[str], scores: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield what cannot be said of a system."""
    scored = {name for one in scores for name in one["directions"]}
    without = [name for name in directions if name not in scored]
    length = system.architecture.get("max_positions")
    yield from ["## Limits", ""]
    yield f"- One training, of seed {system.seed}: other seeds give other scores."
    yield f"- {number_of(len(directions), 'direction')} alone: {', '.join(directions)}."
    if without:
        yield f"- Without a score here: {', '.join(without)}."
    if length:
        yield f"- Sentences of at most {length} pieces, the language token and the end among them."
    yield "- What is wrong, harmful or unfair in its training text may be in its translations; nobody looked."
    yield ""


def files_section(hashes: Mapping[str, str]) -> Iterator[str]:
    """Yield the files of the folder. ``hashes``: name → SHA-256."""
    yield from ["## Files", "", "| file | SHA-256 |", "|---|---|"]
    yield from (f"| {name} | {digest} |" for name, digest in hashes.items())
    yield ""


def citation_section(system: SystemFolder) -> Iterator[str]:
    """Yield what to cite."""
    yield from ["## Cite", "", "- neuronspec, the workflow that made it."]
    if system.masks is not None:
        yield f"- {PAPER}"
    yield ""
