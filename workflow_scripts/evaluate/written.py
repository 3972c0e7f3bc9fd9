"""Results in a user's folder: only files that an earlier call wrote are replaced or removed.

New files are made in a hidden folder and moved when all are there; ``.written.json`` lists them with hashes.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from workflow_scripts.common.errors import UserError, first_of, terminal
from workflow_scripts.common.files import HOST, read_json, sha256_of, write_json
from workflow_scripts.common.processes import is_alive

LIST, FORMAT = ".written.json", "written-1"
UNFINISHED = re.compile(rf"\.unfinished-{re.escape(HOST)}-(\d+)")
Hashes = dict[str, list[str]]  # file, relative to the folder -> what it may hold: two while it is replaced


def read_list(folder: Path) -> Hashes:
    """Return what earlier calls wrote; nothing where there is no list. Raises UserError: a file of that name
    is not such a list."""
    path = folder / LIST
    if not path.exists():
        return {}
    wrong = f"{path}: no list of files that evaluate_outputs wrote; name another folder by --out"
    try:
        content: Any = read_json(path)
    except ValueError:
        raise UserError(wrong) from None
    files = content.get("files") if isinstance(content, dict) and content.get("format") == FORMAT else None
    if not isinstance(files, dict) or not all(isinstance(known, list) for known in files.values()):
        raise UserError(wrong)
    places = [PurePosixPath(str(name)) for name in files]
    if any(place.is_absolute() or not place.parts or ".." in place.parts for place in places):
        raise UserError(wrong)
    return files


def named_folder(text: str) -> Path:
    """Return the folder that ``--out`` names; UserError for none: ``--out "$OUT"`` of a variable not set."""
    if not text:
        raise UserError("--out: no folder is named (a shell variable that is not set?); for this one give .")
    return Path(text)


def _check_place(folder: Path) -> None:
    place = folder.absolute()
    there = next(one for one in (place, *place.parents) if os.path.lexists(one))
    named = terminal(folder if there == place else there)
    if there.is_symlink() and not there.exists():
        raise UserError(f"{named}: a link to nothing, where --out needs a folder")
    if not there.is_dir():
        raise UserError(f"{named}: a file, where --out needs a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"{named}: nothing may be written there; name another folder by --out")


def check_untouched(folder: Path, wanted: Collection[str]) -> None:
    """Refuse to write ``wanted`` (in the folder) over others' files, or over ours that were changed since.
    Raises UserError: one line for each of the two kinds; nothing was written."""
    _check_place(folder)
    written = read_list(folder)
    foreign, changed = [], []
    for name in sorted({*wanted, *written}):
        above = [parent for parent in PurePosixPath(name).parents if parent.name]
        files = (str(one) for one in above if os.path.lexists(folder / one) and not (folder / one).is_dir())
        blocked = next(files, None)
        path = folder / (blocked or name)
        if not blocked and not os.path.lexists(path):
            continue
        if blocked or name not in written:
            foreign.append(blocked or name)
        elif not path.is_file() or sha256_of(path) not in written[name]:
            changed.append(name)
    advice = "move them, or name another folder by --out; nothing was written"
    kinds = {"not written by evaluate_outputs": foreign, "changed since they were written": changed}
    faults = [
        f"{terminal(folder)}: {terminal(first_of(list(dict.fromkeys(names))))}: {what}; {advice}"
        for what, names in kinds.items()
        if names
    ]
    if faults:
        raise UserError("\n".join(faults))


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; when the block ends well, its files take the place of an earlier call's. Raises
    UserError: as ``check_untouched``, also for what has come there meanwhile."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".unfinished-*"):
        if (named := UNFINISHED.fullmatch(left.name)) and not is_alive(int(named[1]), None):
            shutil.rmtree(left)
    unfinished = folder / f".unfinished-{HOST}-{os.getpid()}"
    unfinished.mkdir()
    try:
        yield unfinished
        _put_in_place(folder, unfinished)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if made and not any(folder.iterdir()):
            folder.rmdir()


def _put_in_place(folder: Path, unfinished: Path) -> None:
    made = (path for path in unfinished.rglob("*") if path.is_file())
    names = sorted(path.relative_to(unfinished).as_posix() for path in made)
    new = {name: sha256_of(unfinished / name) for name in names}
    check_untouched(folder, names)
    earlier = read_list(folder)
    # Before the first file is replaced: of a call that is killed here the next one knows all files.
    both = {name: list(earlier.get(name, [])) for name in {*earlier, *new}}
    for name, sha256 in new.items():
        both[name].append(sha256)
    _write_list(folder, both)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(unfinished / name, folder / name)
    for name in sorted(earlier.keys() - new.keys()):
        (folder / name).unlink(missing_ok=True)
        for above in [parent for parent in PurePosixPath(name).parents if parent.name]:
            if (folder / above).is_dir() and not any((folder / above).iterdir()):
                (folder / above).rmdir()
    _write_list(folder, {name: [sha256] for name, sha256 in new.items()})


def _write_list(folder: Path, files: Mapping[str, Sequence[str]]) -> None:
    write_json(folder / LIST, {"format": FORMAT, "files": dict(sorted(files.items()))})
