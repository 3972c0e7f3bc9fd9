"""Files of one system in the folder of another, as links."""

import os
from pathlib import Path

from workflow_scripts.common.files import atomic_path


def link_file(file: Path, link: Path) -> None:
    """Make ``link`` a relative link to ``file``, atomically: both folders may be moved together."""
    with atomic_path(link) as temporary:
        temporary.symlink_to(os.path.relpath(file, link.parent))
