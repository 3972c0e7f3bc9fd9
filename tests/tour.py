"""Runs notebooks/tour.ipynb in a real kernel; ``python -m tests.tour --write`` keeps the outputs.

It starts in the environment `workflow`. The kernel is the environment `hf`, which has a port. Behind its
packages come those of `test` (the kernel itself), `evaluate` (matplotlib) and `workflow`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.runner.session import ROOT, packages, python, variables

NOTEBOOK = ROOT / "notebooks/tour.ipynb"
LONGEST = 120  # seconds of a cell
#: `pip install -e .` would give the name.
KERNEL = (
    "import sys; sys.path[:0] = [{root!r}]; sys.path += {more!r}; import workflow_scripts.api;"
    " sys.modules['neuronspec'] = workflow_scripts.api;"
    " from ipykernel.kernelapp import launch_new_instance as go; go()"
)


def executed(folder: Path) -> Any:
    """Return the notebook after all its cells were run anew; ``folder`` is for the kernel's description."""
    sys.path.extend(one for one in packages("test").split(os.pathsep) if one not in sys.path)
    import nbformat
    from nbclient import NotebookClient

    more = packages("test", "evaluate", "workflow").split(os.pathsep)
    start = KERNEL.format(root=str(ROOT), more=more)
    place = folder / "kernels/neuronspec"
    place.mkdir(parents=True)
    kernel = {
        "argv": [python("hf"), "-c", start, "-f", "{connection_file}"],
        "display_name": "neuronspec", "language": "python",
        "env": variables() | {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"},
    }  # fmt: skip
    (place / "kernel.json").write_text(json.dumps(kernel))
    os.environ["JUPYTER_PATH"] = str(folder)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        cell.get("outputs", []).clear()
    client = NotebookClient(
        notebook, timeout=LONGEST, kernel_name="neuronspec", record_timing=False,
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )  # fmt: skip
    return client.execute()


def printed(notebook: Any) -> list[str]:
    """Return what each cell of code printed, in order."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [
        "".join("".join(out["text"]) for out in cell["outputs"] if out.get("name") == "stdout")
        for cell in cells
    ]


def main() -> None:
    """Run the notebook, and with ``--write`` keep its outputs."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        done = executed(Path(folder))
    for text in printed(done):
        print(text)
    if "--write" in sys.argv:
        import nbformat

        nbformat.write(done, NOTEBOOK)


if __name__ == "__main__":
    main()
