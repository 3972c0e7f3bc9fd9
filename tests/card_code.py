"""The code of an exported system's card, run as its reader would."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path


def said_by_card(folder: Path, text: str) -> str:
    """Return what the card of an exported folder prints, with a text in the place of its three dots."""
    found = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as out:
        exec(found[1].replace("…", text), {})
    return out.getvalue().removesuffix("\n")
