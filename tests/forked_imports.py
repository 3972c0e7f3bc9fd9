"""What the processes of tests/forked.py find imported: Snakemake, its plugins, and what reads this checkout.

Snakemake's parser takes a quarter of a dry run, and what the package's modules say and import another tenth,
for the same files each time: what was made of this checkout's is found, too.
"""

import importlib
import io
import platform
import re
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import pydantic
import smart_open
from snakemake import cli, workflow
from snakemake.executors import touch
from snakemake.sourcecache import infer_source_file

from tests.forked_includes import includes
from workflow_scripts.workflow.run import start
from workflow_scripts.workflow.software.closure import PACKAGE, closure, closure_hash
from workflow_scripts.workflow.stages import STAGES

__all__ = ["pydantic", "smart_open", "start"]
ROOT = Path(__file__).resolve().parents[1]
_parse = workflow.parse
#: By content and the number of rules before it: path, code, the number after it, where lines came from.
_parsed: dict[tuple[str, int], tuple[str, str, int, dict[int, int]]] = {}
#: By code and path.
_compiled: dict[tuple[str, str], CodeType] = {}


def parse(path: Any, of: Any, linemap: dict[int, int], rulecount: int = 0) -> tuple[str, int]:
    """Do what Snakemake's function of this name does, as `Workflow.include` calls it."""
    file = path.get_path_or_uri(secret_free=True)
    key = (Path(file).read_text(encoding="utf-8"), rulecount)
    if key not in _parsed:
        found: dict[int, int] = {}
        code, number = _parse(path, of, found, rulecount=rulecount)
        _parsed[key] = file, code, number, found
    first, code, number, lines = _parsed[key]
    linemap.update(lines)
    # A copy of this checkout has the same code, but for the path.
    return code.replace(f"snakefile={first!r}", f"snakefile={file!r}"), number


def compiled(code: str, file: str, mode: str) -> CodeType:
    """Do what Python's `compile` does, as `Workflow.include` calls it."""
    if (code, file) not in _compiled:
        _compiled[code, file] = compile(code, file, mode)
    return _compiled[code, file]


def parse_all() -> None:
    """Parse the Snakefile and what it includes for each kind of experiment, in the order of Snakemake."""
    snakefile = ROOT / "Snakefile"
    files = SimpleNamespace(open=lambda file: io.StringIO(Path(file.path).read_text(encoding="utf-8")))
    for names in includes(snakefile.read_text(encoding="utf-8")):
        number = 0
        for file in (snakefile, *(ROOT / name for name in names)):
            code, number = parse(infer_source_file(str(file)), SimpleNamespace(sourcecache=files), {}, number)
            compiled(code, str(file), "exec")


def import_all() -> None:
    """Import what the rules import of the package."""
    for file in (ROOT / "rules").glob("*.smk"):
        text = file.read_text(encoding="utf-8")
        for name in re.findall(rf"^from ({PACKAGE}[\w.]*) import", text, re.MULTILINE):
            importlib.import_module(name)


def read_all() -> None:
    """Read what every module of the package says; hash those of every stage."""
    for file in (ROOT / PACKAGE).rglob("*.py"):
        closure(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    for stage in STAGES.values():
        closure_hash(stage.module)


cli.get_argument_parser()  # imports the plugins
platform.processor()  # which Snakemake asks for, by a program
workflow.parse = parse
workflow.compile = compiled
touch.Executor.SLEEPING_TIME = 0.02  # s between two jobs' outputs: more than a file's time is rounded by
import_all()
parse_all()
read_all()
