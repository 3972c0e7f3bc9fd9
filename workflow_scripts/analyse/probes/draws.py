"""What is told of random draws: of units, and of control labels."""

from collections.abc import Sequence
from typing import Any

from workflow_scripts.analyse.random_draws import FEWEST_DRAWS, Draws
from workflow_scripts.common.errors import UserError


def check_draws(draws: int, what: str) -> None:
    """Raise UserError for so few draws that their range says nothing."""
    if draws < FEWEST_DRAWS:
        raise UserError(f"{draws} {what}: take at least {FEWEST_DRAWS}, to tell how far they spread")


def drawn(values: Sequence[float]) -> dict[str, Any]:
    """Return what is told of draws: n, mean, sd, the range of 95 % of further draws, and the values."""
    return {**Draws.of(values).facts(), "values": list(values)}
