"""What the processes of tests/forked.py find imported: Snakemake, its plugins, and what reads this config.

Nothing of the package that is run as a program. Snakemake's parser takes a quarter of a dry run, for the same
files each time: what it made of this checkout's is found, too.
"""

import io
import platform
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pydantic
import smart_open
from snakemake import cli, workflow
from snakemake.sourcecache import infer_source_file

from workflow_scripts.config import load

__all__ = ["load", "pydantic", "smart_open"]
ROOT = Path(__file__).resolve().parents[1]
_parse = workflow.parse
#: By path, content, and the number of rules before it: the code, the number after it, where lines came from.
_parsed: dict[tuple[str, str, int], tuple[str, int, dict[int, int]]] = {}


def parse(path: Any, of: Any, linemap: dict[int, int], rulecount: int = 0) -> tuple[str, int]:
    """Do what Snakemake's function of this name does, as `Workflow.include` calls it."""
    file = path.get_path_or_uri(secret_free=True)
    if not Path(file).is_relative_to(ROOT):
        return _parse(path, of, linemap, rulecount=rulecount)
    key = (file, Path(file).read_text(encoding="utf-8"), rulecount)
    if key not in _parsed:
        found: dict[int, int] = {}
        code, number = _parse(path, of, found, rulecount=rulecount)
        _parsed[key] = code, number, found
    code, number, lines = _parsed[key]
    linemap.update(lines)
    return code, number


def parse_all() -> None:
    """Parse the Snakefile and what it includes, in the order in which Snakemake does."""
    snakefile = ROOT / "Snakefile"
    included = re.findall(r'^include: "(.+)"$', snakefile.read_text(encoding="utf-8"), re.MULTILINE)
    files = SimpleNamespace(open=lambda file: io.StringIO(Path(file.path).read_text(encoding="utf-8")))
    number = 0
    for file in (snakefile, *(ROOT / name for name in included)):
        number = parse(infer_source_file(str(file)), SimpleNamespace(sourcecache=files), {}, number)[1]


cli.get_argument_parser()  # imports the plugins
platform.processor()  # which Snakemake asks for, by a program
workflow.parse = parse
parse_all()
