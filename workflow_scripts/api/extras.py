"""What a public function needs beyond numpy, imported when the function is called."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from workflow_scripts.common.errors import UserError

#: Extra -> how to install it, in the checkout. fairseq's own metadata asks for libraries that pip refuses.
COMMANDS: Mapping[str, str] = {
    "evaluate": "pip install -e '.[evaluate]'",
    "fairseq": "pip install -e '.[fairseq]' && pip install --no-deps fairseq==0.12.2",
    "hf": "pip install -e '.[hf]'",
}


@contextmanager
def needs(extra: str, function: str) -> Iterator[None]:
    """Import what ``function`` needs within the block.

    Raises:
        UserError: a library is missing; the line names it, and the extra that has it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("", "workflow_scripts"):
            raise
        raise UserError(
            f"{function} needs {library}, of the extra {extra!r}; in neuronspec's checkout: {COMMANDS[extra]}"
        ) from None
