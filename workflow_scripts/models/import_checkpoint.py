"""The command that imports a fairseq checkpoint, by the name that users call."""

from workflow_scripts.common.errors import run_main
from workflow_scripts.models.fairseq.import_checkpoint import main

if __name__ == "__main__":
    run_main(main)
