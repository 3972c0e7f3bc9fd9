"""Install Debian's packages of the suites that need a program or a service, where this user may.

``python -m tests.packages``; `.ci/run` starts it beside the set-up. Outputs: why one is missing, on stderr;
exit status 1 if so. Standard library only.
"""

import sys

from tests.browser import chromium
from tests.slurm import controller


def main() -> int:
    """Install them one after the other: apt-get is one program at a time."""
    reasons = [reason for install in (chromium.install, controller.install) if (reason := install())]
    for reason in reasons:
        print(reason, file=sys.stderr)
    return 1 if reasons else 0


if __name__ == "__main__":
    raise SystemExit(main())
