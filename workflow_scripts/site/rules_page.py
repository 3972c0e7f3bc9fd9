"""The page of rules: what each stage does, reads and writes, from declaration, module and rule."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

from workflow_scripts.workflow import stage_list
from workflow_scripts.workflow.software.environments import ROOT
from workflow_scripts.workflow.stage import Stage
from workflow_scripts.workflow.stages import STAGES

PAGE = "docs/reference/rules.md"
HEAD = """# Rules and stages

Generated from `workflow_scripts/workflow/stage_list` and `rules/` by
`python -m workflow_scripts.site.reference`; don't edit.

A stage is a rule of Snakemake and the module that its jobs run. *Reads* has the names of the rule's inputs,
*writes* the files of a job below `results/{experiment}`, with wildcards in braces; *(several)*: a list that
depends on the config. What is in the files: [files on disk](files.md). A module's options: [stage command
lines](commands.md). How to add one: [add a stage](../how-to/add-a-stage.md).

"""
#: What files of the stage list are called where their names do not say it.
TITLES = {
    "attach": "Attached models", "models": "Models and masks", "scores": "Scores of units", "data": "Text",
    "analyses": "Analyses of masks", "correlation": "Comparison of trainings", "heads": "Attention heads",
    "overlaps": "Comparison of mask sets", "report": "Tables and figures",
}  # fmt: skip
RULE = re.compile(r"^ *rule\b[^\n]*:\n", re.M)
#: A rule that is another one with some parts replaced.
SAME = re.compile(r"^ *use rule (\w+) as (\w+)", re.M)
SEVERAL = "*(several)*"


def inputs_of(rules: Path) -> dict[str, list[str]]:
    """Return the names of each stage's inputs, read from the text of the rules."""
    found: dict[str, list[str]] = {}
    for file in sorted(rules.glob("*.smk")):
        text = file.read_text(encoding="utf-8")
        for block in RULE.split(text)[1:]:
            stage = re.search(r'log_of\(\s*"(\w+)"', block)
            section = re.search(r"^( *)input:\n(.*?)^\1\w+:", block, re.M | re.S)
            if stage and section:
                inner = len(section[1]) + 4
                names = re.findall(rf"^ {{{inner}}}(\w+)=", section[2], re.M)
                found[stage[1]] = list(dict.fromkeys([*found.get(stage[1], []), *names]))
        found |= {new: found[old] for old, new in SAME.findall(text)}
    return found


def purpose_of(module: str) -> str:
    """Return the first sentences of a module's docstring, which say what it does, on one line."""
    path = ROOT / "workflow_scripts" / f"{module.replace('.', '/')}.py"
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(doc.partition("\n\n")[0].split())


def rows_of(stage: Stage, inputs: dict[str, list[str]]) -> Iterator[str]:
    """Yield the cells of a stage's row."""
    yield f"`{stage.name}`"
    yield f"{purpose_of(stage.module)} (`{stage.module}`)"
    yield ", ".join(inputs.get(stage.name, [])) or "–"
    yield "<br>".join(
        f"`{pattern}`" if isinstance(pattern, str) else f"{role} {SEVERAL}"
        for role, pattern in stage.files.items()
    )


def topics() -> dict[str, list[Stage]]:
    """Return the stages of each file of the stage list, in the order of a run."""
    names = [module.name for module in pkgutil.iter_modules(stage_list.__path__)]
    stages_in = {name: importlib.import_module(f"{stage_list.__name__}.{name}").STAGES for name in names}
    found: dict[str, list[Stage]] = {}
    for stage in STAGES.values():
        topic = next(name for name in names if stage in stages_in[name])
        found.setdefault(TITLES.get(topic, topic.replace("_", " ").capitalize()), []).append(stage)
    return found


def page() -> str:
    """Return the page in Markdown."""
    inputs = inputs_of(ROOT / "rules")
    lines = [HEAD.rstrip("\n")]
    for title, stages in topics().items():
        lines += ["", f"## {title}", "", "| stage | what it does | reads | writes |", "|---|---|---|---|"]
        for stage in stages:
            cells = [cell.replace("|", "\\|").replace("``", "`") for cell in rows_of(stage, inputs)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
