"""How often a training draws a direction of n sentences, with p proportional to n ** a: the key `sampling`.

``proportional``: a = 1; ``square_root``: a = 1/2; ``annealed:E``: a falls in a straight line from 1 in the
first epoch to 0.2 in epoch E, and stays there.
"""

import re

from workflow_scripts.common.errors import UserError, nearest

PROPORTIONAL, SQUARE_ROOT, ANNEALED = "proportional", "square_root", "annealed"
EXAMPLES = (PROPORTIONAL, SQUARE_ROOT, f"{ANNEALED}:10")
#: By how much the exponent of annealed sampling falls (Stickland and Murray 2019).
FALL = 0.8
_ANNEALED = re.compile(rf"{ANNEALED}:([1-9]\d{{0,8}})")


def check_sampling(rule: str) -> None:
    """Raise UserError unless ``rule`` is one of the three."""
    if rule not in (PROPORTIONAL, SQUARE_ROOT) and not (isinstance(rule, str) and _ANNEALED.fullmatch(rule)):
        near = nearest(str(rule).partition(":")[0], (PROPORTIONAL, SQUARE_ROOT, ANNEALED))
        raise UserError(f"{rule!r:.60} is not {', '.join(EXAMPLES[:-1])} or {EXAMPLES[-1]} (epochs){near}")


def exponent(rule: str, epoch: int) -> float:
    """Return a in an epoch, the first one is 1: a = 1 - 0.8 (e - 1) / (E - 1) of ``annealed:E``, of one epoch
    1. UserError as in ``check_sampling``."""
    check_sampling(rule)
    if (match := _ANNEALED.fullmatch(rule)) is None:
        return 1.0 if rule == PROPORTIONAL else 0.5
    last = int(match[1])
    return 1.0 if last == 1 else 1.0 - FALL * (min(epoch, last) - 1) / (last - 1)
