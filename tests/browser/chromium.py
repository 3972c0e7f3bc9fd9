"""A Chromium of this machine for tests; Debian's package of it is installed where this user may."""

import shutil

from tests import debian

PACKAGE = "chromium"
PROGRAMS = ("chromium", "chromium-headless-shell", "google-chrome")


def found() -> str | None:
    """Return the path of a browser, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def missing() -> str | None:
    """Return that there is no browser, or None."""
    return None if found() else f"no browser ({', '.join(PROGRAMS)}); Debian: apt install {PACKAGE}"


def install() -> str | None:
    """Install Debian's package where there is no browser and this user may; return why there is none even so,
    or None."""
    return debian.install(missing, [PACKAGE])


#: A root user's browser runs without its sandbox; a container's shared memory is small.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
