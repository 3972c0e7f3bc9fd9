"""The ports that there are, and their modules. Nothing here needs torch."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.units.description import DEFAULT_PORT, DESCRIPTION, HUGGING_FACE, PORTS
from workflow_scripts.units.system import SystemFolder

#: Port → the library that it runs models with. One may import its own only where a model needs it.
LIBRARIES: Mapping[str, str] = {DEFAULT_PORT: "fairseq", HUGGING_FACE: "transformers"}


def check_port(system: SystemFolder) -> None:
    """Raise UserError for a system of an unknown port."""
    if system.port not in PORTS:
        raise UserError(
            f"{system.folder / DESCRIPTION}: port is {system.port!r}, not one of {', '.join(PORTS)}"
            f"{nearest(system.port, PORTS)}"
        )


def port_module(system: SystemFolder, name: str) -> ModuleType:
    """Return a module of a system's port, if it is not the default one; UserError where its library is
    missing."""
    check_port(system)
    return module_of(system.port, name, f"{system.folder / DESCRIPTION}: port", "run it")


def module_of(port: str, name: str, subject: str, to_do: str) -> ModuleType:
    """Return a module of a port by its name: so code of a port that no job of an experiment uses is no reason
    to run its jobs again. UserError where its library is missing, of ``subject``, with what ``to_do`` in the
    right environment."""
    try:
        return import_module(f"workflow_scripts.models.{port}.{name}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("workflow_scripts"):
            raise
        raise UserError(
            f"{subject} {port!r} needs {error.name}, which this environment lacks; {to_do} in the environment"
            f" {PORTS[port]}"
        ) from None
