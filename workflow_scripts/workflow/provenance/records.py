"""Read a JSON record that may be half written or broken.

Not in ``files``, which is part of every job's code: reading records changes no result.
"""

from pathlib import Path
from typing import Any

from workflow_scripts.common.files import read_json


def read_record(path: Path) -> dict[str, Any]:
    """Return a JSON object; an empty one where the file is missing, broken or holds something else."""
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
