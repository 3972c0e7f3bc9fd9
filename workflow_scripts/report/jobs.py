"""Reading the JSON files of jobs that evaluate: each names its job, and has an entry for each direction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from workflow_scripts.errors import UserError
from workflow_scripts.files import read_json

Job = dict[str, Any]  # experiment, system, seed, testset, and profile where there are references


def read_job(
    path: Path, job: Job, kind: str, check: Callable[[Any], None], key: str = "directions"
) -> dict[str, Any]:
    """Return the content of a file that must have the keys and values of ``job``.

    ``check`` looks at an entry (below ``key``) and raises KeyError, TypeError, … for a wrong one. Raises
    UserError: the file is of another job than its path, or damaged.
    """
    try:
        content: dict[str, Any] = read_json(path)
        for name, value in job.items():
            if content[name] != value:
                raise UserError(f"{path}: {name} is {content[name]!r}, its path says {value!r}")
        for entry in content[key].values():
            check(entry)
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: not a {kind} file ({type(error).__name__}: {error}); delete it and run again"
        ) from None
    return content
