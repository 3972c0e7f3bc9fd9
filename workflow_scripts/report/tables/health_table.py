"""The table ``health``: figures that show a broken system at a glance, and hypotheses in a wrong language."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from workflow_scripts.common.naming import is_line
from workflow_scripts.report.read.read_files import read_job, refuse_missing
from workflow_scripts.report.read.read_scores import Plan
from workflow_scripts.report.tables.summary import display_order
from workflow_scripts.report.tables.table import Block, Cells, Record, Table, chosen, frame_of, records
from workflow_scripts.report.tables.writing import Digits, decimal_mean, profile_title, rounded

# Judged by hand: what systems in order stay within, and what the published results' broken directions exceed
# (Sindhi and Hausa into English: a fifth and an eighth of hypotheses repeat themselves).
LENGTH_RATIO = (0.8, 1.25)
_SHARES = ("repeated_4gram_rate", "copied_source_rate", "off_target_rate")
COUNTS = ("empty_hypotheses", "without_letters")  # all others but the ratio are shares
MOST = {**dict.fromkeys(COUNTS, 0.01), **dict.fromkeys(_SHARES, 0.05)}
HEALTH = ["length_ratio", "empty_hypotheses", "repeated_4gram_rate", "copied_source_rate"]
RATES = ["without_letters", "off_target_rate", "references_off_target_rate"]
OFF_TARGET = [*RATES, "packaged_off_target_rate", "packaged_reason"]
JOB = ["experiment", "system", "seed", "testset", "profile", "direction"]
COLUMNS = [*JOB, "n", *HEALTH, *OFF_TARGET, "out_of_ordinary"]
NAMES = {
    "length_ratio": "length ratio",
    "empty_hypotheses": "empty",
    "without_letters": "without letters",
    "repeated_4gram_rate": "repeated 4-gram",
    "copied_source_rate": "copied source",
    "off_target_rate": "off target",
    "references_off_target_rate": "references off target",
    "packaged_off_target_rate": "off target, packaged",
}
RULE = (
    f"Out of the ordinary: a length ratio below {LENGTH_RATIO[0]} or above {LENGTH_RATIO[1]}, "
    "or of the hypotheses "
    + ", ".join(f"more than {share:.0%} {NAMES[name]}" for name, share in MOST.items())
    + " (than of the references). The bounds are the same for every experiment."
)
#: Who says in which language a hypothesis is: of an experiment, and of outputs that others made.
OWN = (
    "identifier trained on this experiment's text",
    "packaged: by a maintained identifier, n/a where it does not know the language",
)
PACKAGED = (
    "packaged identifier py3langid, among the languages of all directions",
    "packaged: the same, n/a where it takes more than half of the references for other languages",
)
OffTarget = dict[tuple[str, int, str, str], dict[str, Any]]  # by system, seed, test set and direction


def read_off_target(root: str | Path, plan: Plan, allow_partial: bool = False) -> tuple[OffTarget, list[str]]:
    """Return the figures of each direction, and what is missing. Raises UserError: files or directions are
    missing, or a file is damaged or of another job."""
    found: OffTarget = {}
    missing: list[str] = []
    for system, seed, testset in product(plan.systems, plan.seeds, plan.testsets):
        path = Path(root) / system / f"s{seed}" / f"{testset}.json"
        if not path.is_file():
            missing += [str(path)] * len(plan.directions_of(testset, system))
            continue
        job = {"experiment": plan.experiment, "system": system, "seed": seed, "testset": testset}
        directions = read_job(path, job, "language", _check_entry)["directions"]
        for direction in plan.directions_of(testset, system):
            if direction not in directions:
                missing.append(f"{direction} in {path}")
                continue
            entry = directions[direction]
            packaged = entry["packaged"]
            rates = [entry.get(name) for name in RATES]
            values = (*rates, packaged["off_target_rate"], packaged.get("reason") or "")
            found[system, seed, testset, direction] = dict(zip(OFF_TARGET, values, strict=True))
    refuse_missing(missing, " off-target rates", allow_partial)
    return found, missing


def _check_entry(entry: Mapping[str, Any]) -> None:
    rates = [entry["off_target_rate"], entry["packaged"]["off_target_rate"]]
    rates.append(entry.get("references_off_target_rate"))
    # None: no hypothesis to judge, a language that is not known.
    if not all(0 <= float(rate) <= 1 for rate in rates if rate is not None):
        raise ValueError("a rate that is not between 0 and 1")
    if not is_line(entry["packaged"].get("reason") or ""):
        raise ValueError("a reason that is no line of text")
    if not 0 <= int(entry["without_letters"]) <= int(entry["n"]):
        raise ValueError("more hypotheses without letters than there are")


def unusual(row: Mapping[str, Any]) -> list[str]:
    """Return the figures of a row that are out of the ordinary, by ``RULE``."""
    low, high = LENGTH_RATIO
    ratio = row["length_ratio"]
    names = [] if ratio is None or low <= ratio <= high else ["length_ratio"]
    for name, most in MOST.items():
        value = (row[name] or 0) / (row["n"] if name in COUNTS else 1)
        if name == "off_target_rate":
            value -= row["references_off_target_rate"] or 0  # by which the identifier errs itself
        if value > most:
            names.append(name)
    return names


def health_table(
    health: Sequence[Mapping[str, Any]],
    plan: Plan,
    off_target: OffTarget | None = None,
    missing: int = 0,
    expected: int = 0,
    of_others: bool = False,
) -> Table:
    """Return the table; ``off_target`` is None where no language was identified. ``health``: of each score
    file and direction a job's keys, ``direction``, ``n`` and figures. ``of_others``: outputs without an
    experiment, whose languages the packaged identifier tells."""
    by, packaged = PACKAGED if of_others else OWN
    lines = []
    for entry in health:
        row = {name: entry.get(name) for name in (*JOB, "n", *HEALTH)}
        place = (entry["system"], entry["seed"], entry["testset"], entry["direction"])
        row |= (off_target or {}).get(place, dict.fromkeys(OFF_TARGET))
        lines.append([*row.values(), "; ".join(unusual(row))])
    frame = frame_of(lines, COLUMNS)
    rows = records(frame)
    blocks: list[Block] = []
    for testset, profile in product(plan.testsets, plan.profiles):
        if part := chosen(rows, testset=testset, profile=profile):
            blocks += _blocks(part, plan, profile_title(testset, profile))
    notes = [
        "Length ratio: characters of hypotheses over those of references, blanks left out. The others are "
        "shares of hypotheses (empty, without letters: numbers in the csv and parquet files).",
        "Off target: share of the hypotheses with a letter that are not in the target language, by the "
        f"{by}; without letters: digits and signs alone, in no "
        f"language; references: how often it errs itself; {packaged}.",
        RULE,
    ]
    if off_target is None:
        notes[1] = "Off target, without letters: n/a, no language was identified."
    title = f"Health of hypotheses in {plan.experiment}"
    return Table("health", title, frame, blocks, notes, [], missing, expected, "figures")


def _figures(rows: Sequence[Record]) -> Cells:
    cells: Cells = []
    for name in NAMES:
        there = [row for row in rows if row[name] is not None]
        values = [row[name] / (row["n"] if name in COUNTS else 1) for row in there]
        if not values:
            cells.append("n/a")
        elif name == "length_ratio":
            cells.append(rounded(decimal_mean(values)))
        else:
            cells.append(f"{rounded(100 * decimal_mean(values), Digits(1))}%")
    return cells


def _blocks(rows: Sequence[Record], plan: Plan, section: str) -> list[Block]:
    means: list[Cells] = []
    for system in display_order(plan.systems):
        if part := chosen(rows, system=system):
            odd = sum(bool(row["out_of_ordinary"]) for row in part)
            means.append([system, *_figures(part), f"{odd} of {len(part)}"])
    lines: list[Cells] = []
    for row in rows:
        if row["out_of_ordinary"]:
            names = ", ".join(NAMES[name] for name in row["out_of_ordinary"].split("; "))
            lines.append([f"{row['system']} s{row['seed']} {row['direction']}", *_figures([row]), names])
    columns = [*NAMES.values(), "out of the ordinary"]
    blocks = [Block("Means over directions and seeds", ["system", *columns], means, section)]
    return [*blocks, *([Block("Out of the ordinary", ["job", *columns], lines, section)] if lines else [])]
