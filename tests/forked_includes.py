"""What a Snakefile includes, for `tests.forked_imports` to parse it once."""

import re


def includes(snakefile: str) -> list[list[str]]:
    """Return what a Snakefile includes, in this order, by each way through its one `if`."""
    before: list[str] = []
    ways: list[list[str]] = []
    after: list[str] = []
    for line in snakefile.splitlines():
        if re.match(r"(if|elif|else)\b", line):
            ways.append([])
        elif found := re.match(r'(\s*)include: "(.+?)"', line):
            (ways[-1] if found[1] else after if ways else before).append(found[2])
    return [[*before, *way, *after] for way in ways]
