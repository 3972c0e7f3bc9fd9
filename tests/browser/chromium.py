"""A Chromium of this machine for tests; Debian's package of it is installed where this user may."""

import os
import shutil
import subprocess

PACKAGE = "chromium"
PROGRAMS = ("chromium", "chromium-headless-shell", "google-chrome")
INSTALL_SECONDS = 600.0


def found() -> str | None:
    """Return the path of a browser, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def install() -> str | None:
    """Install Debian's package where there is no browser and this user may; return why there is none even so,
    or None."""
    if found():
        return None
    reason = f"no browser ({', '.join(PROGRAMS)}); Debian: apt install {PACKAGE}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return reason
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", PACKAGE]):
        try:
            done = subprocess.run(
                ["apt-get", "-y", *command], capture_output=True, text=True, timeout=INSTALL_SECONDS,
                env=environment, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"{reason}; apt-get {command[0]} took more than {INSTALL_SECONDS:.0f} s"
        if done.returncode:
            said = "".join(done.stderr.strip().splitlines()[-1:])
            reason = f"{reason}; apt-get {command[0]}: {said or f'exit status {done.returncode}'}"
    return None if found() else reason


#: A root user's browser runs without its sandbox; a container's shared memory is small.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
