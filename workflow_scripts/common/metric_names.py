"""What sacrebleu's metrics are called in configs, files of scores and tables. Standard library only."""

from collections.abc import Iterable

from workflow_scripts.common.errors import UserError

#: By the name in files: that of configs and command lines, and that of tables.
ASKED = {"bleu": "bleu", "chrf": "chrf++", "chrf2": "chrf2", "ter": "ter"}
SHOWN = {"bleu": "BLEU", "chrf": "chrF2++", "chrf2": "chrF2", "ter": "TER"}
#: What it was called before, also in tables; no ``chrF``, which is chrF2 to some and chrF++ to others.
EARLIER = {"chrf": "chrf", "chrF++": "chrf"}
OLD = "chrf"
OLD_NOTE = "chrf is the old name of chrf++ (chrF2++), which it still means; chrf2 is chrF without words"
_IDS = {**{name: key for names in (ASKED, SHOWN) for key, name in names.items()}, **EARLIER}
_IDS |= {name.lower(): key for key, name in SHOWN.items() if name.lower() not in _IDS}


def metric_id(name: str) -> str:
    """Return a metric's name in files, by any of its names; another name as it is."""
    return _IDS.get(name, name)


def metric_ids(names: Iterable[str]) -> list[str]:
    """Return metrics by their names in files; UserError if one is there twice, perhaps by two names."""
    found: dict[str, str] = {}
    for name in names:
        if (key := metric_id(name)) in found:
            other = "" if found[key] == name else f", as {found[key]} too"
            raise UserError(f"--metrics: {name} is named twice{other}")
        found[key] = name
    return list(found)


def asked_name(metric: str) -> str:
    """Return what a config calls a metric."""
    return ASKED.get(metric, metric)


def shown_name(metric: str) -> str:
    """Return what tables and their files for programs call a metric."""
    return SHOWN.get(metric, metric)
