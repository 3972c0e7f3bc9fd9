"""What the analysis of the strongest units says of the counts: whether they rest on enough sentences."""

from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.common.checked_options import is_list_of_texts
from workflow_scripts.common.errors import DamagedFileError
from workflow_scripts.common.files import read_json

FORMAT = "neuronspec-strongest-units-1"


def cautions_on_counts(files: Iterable[str | Path]) -> list[str]:
    """Return the cautions of each file, each once; DamagedFileError for another file."""
    found: dict[str, None] = {}
    for path in files:
        value = read_json(path)
        known = isinstance(value, dict) and value.get("format") == FORMAT
        if not known or not is_list_of_texts(value.get("cautions")):
            raise DamagedFileError(f"{path}: not strongest units ({FORMAT}); delete it and run again")
        found |= dict.fromkeys(value["cautions"])
    return [*found]
