"""A stage's program, patched, as a process: `python -m tests.training.process PATCH MODULE ARGUMENTS…`.

PATCH: a file that is executed first, with `place` at hand: which process of the training this is. The
module's `main` runs as the stage itself runs it.
"""

import sys
from importlib import import_module
from pathlib import Path

from workflow_scripts.train.launch import take_place

if __name__ == "__main__":
    place = take_place()  # before torch is imported
    from workflow_scripts.common.errors import run_main
    from workflow_scripts.train.start_again import starting_again

    patch, module = sys.argv[1:3]
    del sys.argv[1:3]
    exec(compile(Path(patch).read_text(encoding="utf-8"), patch, "exec"))
    run_main(starting_again(import_module(module).main))
