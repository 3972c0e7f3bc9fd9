"""A Snakemake profile as the file that a user edits: which setting is on which line."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.workflow.run.snakemake_options import read_options

#: Set for the Snakefile: the profile's file.
PROFILE_VARIABLE = "NEURONSPEC_PROFILE"


@dataclass(frozen=True)
class Profile:
    """A profile's file and its lines."""

    path: Path
    lines: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a profile's file; raises OSError."""
        return cls(path, tuple(path.read_text(encoding="utf-8").splitlines()))

    def number(self, key: str, value: object = None) -> int | None:
        """Return the line that says `value`, if possible of a related key; else the first that says `key`."""
        said = [(number, line.split("#")[0]) for number, line in enumerate(self.lines, 1)]
        related = key.removeprefix("slurm_")
        if value not in (None, ""):
            word = re.compile(rf"(?<![\w.-]){re.escape(str(value))}(?![\w.-])")
            with_value = [(number, line) for number, line in said if word.search(line.partition(":")[2])]
            for number, line in with_value:
                if related in line.partition(":")[0]:
                    return number
            if with_value:
                return with_value[0][0]
        for name in (key, related):
            for number, line in said:
                if re.match(rf"\s*['\"]?{name}\b.*:", line):
                    return number
        return None

    def place(self, key: str, value: object = None) -> str:
        """Return where to edit it, as "path:line", or the path alone."""
        number = self.number(key, value)
        return f"{self.path}:{number}" if number else str(self.path)

    def executor(self) -> str | None:
        """Return the executor that the profile names."""
        found = (re.match(r"executor:\s*['\"]?([\w-]+)", line) for line in self.lines)
        return next((match[1] for match in found if match), None)


def find_profile(options: list[str]) -> Profile | None:
    """Return the profile that the options name, if it is a folder here. UserError: there is none."""
    folder = read_options(options).profile
    if folder is None:
        return None
    if folder.is_file():
        return Profile.read(folder)
    for name in ("config.v9+.yaml", "config.v8+.yaml", "config.yaml"):
        if (folder / name).is_file():
            return Profile.read(folder / name)
    if len(folder.parts) == 1 and not folder.exists():
        return None  # Snakemake knows more places for a name
    there = [str(file.parent) for file in sorted(Path("profiles").glob("*/config.yaml"))]
    raise UserError(f"{folder}: there is no profile (a folder with config.yaml){nearest(str(folder), there)}")


def profile_in_use() -> Profile:
    """Return the profile of this run; of one that was started without `make run`, an empty one."""
    path = Path(os.environ.get(PROFILE_VARIABLE, "the profile"))
    return Profile.read(path) if path.is_file() else Profile(path, ())
