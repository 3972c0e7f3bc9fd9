"""Run the workflow (``make run``): the name that scripts of the last version call."""

from workflow_scripts.common.errors import run_main
from workflow_scripts.workflow.run.start import main

if __name__ == "__main__":
    run_main(main)
