"""Which files of an experiment a crate takes, which it leaves out and why, and which are missing.

Weights stay where they are, and so does text, unless its licence is known: what others may not have is not
packed. Hashes are those of the files as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from workflow_scripts.common.files import sha256_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.provenance.made_with import is_listed
from workflow_scripts.workflow.provenance.manifest import MANIFEST, known_manifest
from workflow_scripts.workflow.stages import asked_for, outputs_of

WEIGHTS = "weights of models"
TEXT = "text, or made of text, whose licence is not known (--text-licence names it)"
VALUES = "values of units at every word"
BINARY = "binarised text, which the workflow makes of the text"
#: Folders that hold text, translations among it, or what is made of text.
OF_TEXT = ("translations", "identifier")
#: Files of folders that are mostly text, or weights, and that are neither.
DESCRIPTIONS = ("system.json", "masks.npz", "README.md", "accuracy.json")
#: The page that `make explorer` makes, with sentences.
EXPLORER = "report/explorer.html"


@dataclass
class Contents:
    """What a crate has, relative to the results folder.

    Args:
        taken: file → its SHA-256.
        left_out: reason → files.
        missing: files that the experiment is to have, or had, and that are not there.
        changed: files that are not as the manifest says.
    """

    taken: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def reason_to_leave_out(name: str, text_is_known: bool) -> str | None:
    """Return why a file of the results is not packed; None for one that is."""
    path = PurePosixPath(name)
    folder = path.parts[0]
    if folder in ("systems", "export", "training"):
        if path.name in DESCRIPTIONS:
            return None
        is_text = path.name in ("dict.txt", "spm.model") or "tokenizer" in path.name
        return WEIGHTS if not is_text else None if text_is_known else TEXT
    if path.parts[:2] == ("analysis", "collect_units"):
        return VALUES
    if path.parts[:2] == ("data", "bin") and path.suffix != ".json":
        return BINARY
    if path.suffix == ".safetensors":
        return WEIGHTS
    shows_text = folder in OF_TEXT and path.name not in DESCRIPTIONS
    shows_text |= folder == "data" and path.suffix not in (".json", ".md")
    shows_text |= name == EXPLORER
    return TEXT if shows_text and not text_is_known else None


def contents_of(experiment: Experiment, results: Path, text_is_known: bool, everything: bool) -> Contents:
    """Return what a crate of an experiment has.

    ``text_is_known``: whether the text may be passed on. ``everything``: nothing is left out, for a crate
    that is the results folder itself.
    """
    listed: Mapping[str, Mapping[str, object]] = known_manifest(results).get("files", {})
    wanted = dict.fromkeys([*asked_for(experiment), *listed])
    found = Contents()
    for name in sorted(dict.fromkeys([*wanted, *outputs_of(experiment), EXPLORER])):
        if not _stays_inside(name):
            continue
        if not (results / name).is_file():
            found.missing += [name] if name in wanted else []
            continue
        reason = None if everything else reason_to_leave_out(name, text_is_known)
        if reason is not None:
            found.left_out.setdefault(reason, []).append(name)
            continue
        entry = listed.get(name, {})
        # What is packed is read anyway; large weights that stay are hashed only if they changed.
        as_listed = everything and is_listed(str(results / name), entry)
        digest = str(entry["sha256"]) if as_listed else sha256_of(results / name)
        found.taken[name] = digest
        found.changed += [name] if entry and entry["sha256"] != digest else []
    if (results / MANIFEST).is_file():
        found.taken[MANIFEST] = sha256_of(results / MANIFEST)
    return found


def _stays_inside(name: str) -> bool:
    """Tell whether a name, which a manifest from elsewhere may hold, is below the results folder."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
