"""SHA-256 of files: a large file is read again only when its size, times or inode changed."""

import stat
import time
from pathlib import Path
from typing import Any

from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.workflow.provenance.records import read_record

FILE = ".snakemake/neuronspec.hashes.json"
FORMAT = "neuronspec-hashes-1"
#: Smaller files are read each time (bytes).
KEPT_FROM = 1_000_000
#: A newer file may be written again within one tick of the file system's clock (seconds).
SETTLED_SECONDS = 2.0


class KeptHashes:
    """Hashes of files, each looked at once, and kept in the file ``place`` (which may be deleted)."""

    def __init__(self, place: Path | None = None) -> None:
        self.place = place
        self._known: dict[str, str | None] = {}
        kept = read_record(place).get("files") if place else None
        self._kept: dict[str, Any] = kept if isinstance(kept, dict) else {}
        self._changed = False

    def of(self, path: str | Path) -> str | None:
        """Return the SHA-256 of a file; None where there is no file that can be read."""
        name = str(path)
        if name not in self._known:
            self._known[name] = self._look(Path(path))
        return self._known[name]

    def _look(self, path: Path) -> str | None:
        try:
            name, found = str(path.resolve()), path.stat()
            if not stat.S_ISREG(found.st_mode):
                return None
            # Swapped content can keep all of these but the time of the last change, which nobody can set.
            state = [found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns]
            kept = self._kept.get(name)
            if isinstance(kept, dict) and kept.get("state") == state:
                return str(kept["sha256"])
            now = time.time()
            digest = sha256_of(path)
        except OSError:
            return None
        if found.st_size >= KEPT_FROM and found.st_ctime < now - SETTLED_SECONDS:
            self._kept[name] = {"sha256": digest, "state": state}
            self._changed = True
        return digest

    def save(self) -> None:
        """Write what is to be kept; where that cannot be done, files are read again another time."""
        if not (self._changed and self.place and self.place.parent.is_dir()):
            return
        files = {name: kept for name, kept in self._kept.items() if Path(name).exists()}
        try:
            write_json(self.place, {"format": FORMAT, "files": files})
            self._changed = False
        except OSError:
            return
