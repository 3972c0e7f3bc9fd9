"""Rules that are made in a loop.

Snakemake evaluates the text of `shell` again when a job runs, and lambdas when a job is planned: the loop is
over by then, and its variables have their last values. A dry run shows the text as it was in the loop, so it
looks right.
"""

import re
from pathlib import Path

import pytest

RULES = Path(__file__).resolve().parents[2] / "rules"
LOOP = re.compile(r"^( *)for (.+?) in ")
PLAIN = re.compile(r'(?<!f)"[^"]*"')
HEAD = re.compile(r"^( *)(shell|run):")


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip())


def late_uses(text: str) -> list[str]:
    """The lines of shell blocks and lambdas that use a variable of a loop around their rule."""
    found: list[str] = []
    loops: list[tuple[int, set[str]]] = []
    block: int | None = None
    for line in text.splitlines():
        if not line.strip():
            continue
        indent = indent_of(line)
        loops = [one for one in loops if indent > one[0] or line.lstrip().startswith(")")]
        if block is not None and indent <= block:
            block = None
        if loop := LOOP.match(line):
            loops.append((indent, set(re.findall(r"\w+", loop[2]))))
            continue
        names = set().union(*(names for _, names in loops)) if loops else set()
        if head := HEAD.match(line):
            block = len(head[1])
        elif block is not None:
            read = re.sub(r"\{\{.*?\}\}", "", PLAIN.sub("", line))
            found += [line.strip()] if names & set(re.findall(r"\w+", read)) else []
        elif given := re.search(r"lambda ([^:]*):(.*)", line):
            bound = set(re.findall(r"(\w+)=", given[1]))
            found += [line.strip()] if (names - bound) & set(re.findall(r"\w+", given[2])) else []
    return found


@pytest.mark.parametrize("file", sorted(RULES.glob("*.smk")), ids=lambda file: file.name)
def test_no_job_reads_a_variable_of_a_loop(file):
    assert not late_uses(file.read_text(encoding="utf-8"))


def test_what_is_found():
    text = """
for one, two in pairs:

    rule:
        name:
            f"count_{one}"
        input:
            lambda w: files(two),
            lambda w, two=two: files(two),
        shell:
            command("count", f"--subset {one}")
            command("count", "--subset {input.one}", f"{{input.two}}")
        log:
            one

    rule:
        shell:
            "count"

rule after:
    shell:
        "two {input.one}"
"""
    assert late_uses(text) == ["lambda w: files(two),", 'command("count", f"--subset {one}")']
