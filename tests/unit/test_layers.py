"""The import arrows of docs/architecture.md, read from the source without importing it."""

import ast
import re
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "workflow_scripts"

# Subpackage -> the subpackages it may import besides itself.
ARROWS: dict[str, set[str]] = {
    "api": {"activations", "analyse", "evaluate", "likelihood", "models", "translate", "units"},
    "operate": {"workflow"},
    "site": {"api", "workflow"},
    "workflow": {"config", "units"},
    "report": {"evaluate", "analyse", "units"},
    "analyse": {"activations", "evaluate", "translate", "models", "units"},
    "evaluate": set(),
    "likelihood": {"models", "translate", "data", "units"},
    "translate": {"models", "data", "units"},
    "activations": {"models", "units"},
    "train": {"activations", "models", "units"},
    "data": {"units"},
    "models": {"units"},
    "units": set(),
    "config": {"units"},
}
# Every layer may import these helpers.
FOR_ALL = "common"
# Subpackages and helpers whose third-party imports are limited; other helpers have none.
THIRD_PARTY: dict[str, set[str]] = {
    "units": {"numpy", "safetensors"},
    "common.archive": {"numpy"},
    "common.task_metrics": {"numpy"},
    "common.subword_model": {"sentencepiece"},
    "api": {"numpy"},
    "config": {"pydantic", "pydantic_core", "yaml"},
}


def imports(path):
    """The dotted names a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            # `from workflow_scripts import units` names a subpackage as well
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def layer_of(path):
    """`units` for workflow_scripts/units/space.py."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def third_party(names):
    tops = {name.split(".")[0] for name in names}
    return tops - set(sys.stdlib_module_names) - {"workflow_scripts"}


def test_every_subpackage_has_its_arrows():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == {*ARROWS, FOR_ALL}
    assert len(modules()) > len(ARROWS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows(path):
    layer = layer_of(path)
    found = list(imports(path))
    own = {name.split(".")[1] for name in found if name.startswith("workflow_scripts.")}
    allowed = {*ARROWS.get(layer, set()), FOR_ALL, layer, "__version__"}
    assert own <= allowed, f"{layer} may not import {', '.join(sorted(own - allowed))}"
    outside = third_party(iter(found))
    assert "snakemake" not in outside
    if layer != "models":
        assert "fairseq" not in outside and "fairseq_cli" not in outside
    if not path.is_relative_to(PACKAGE / "models/huggingface"):
        assert "transformers" not in outside
    if layer == FOR_ALL:
        assert outside <= THIRD_PARTY.get(f"{layer}.{path.stem}", set())
    if layer in THIRD_PARTY:
        assert outside <= THIRD_PARTY[layer]


def test_translate_takes_only_text_from_data_and_models_only_for_the_reference_engine():
    for path in sorted((PACKAGE / "translate").glob("*.py")):
        for name in imports(path):
            if name.startswith("workflow_scripts.data."):
                assert name.split(".")[2] == "text", f"{path.name}: {name}"
            if name.startswith("workflow_scripts.models"):
                assert path.name == "live_engine.py", f"{path.name}: {name}"


def test_stages_know_a_model_by_its_port_alone():
    for path in modules():
        if layer_of(path) not in ("models", "train"):
            ports = ("workflow_scripts.models.fairseq", "workflow_scripts.models.huggingface")
            assert not [name for name in imports(path) if name.startswith(ports)], path


def test_the_ports_know_nothing_of_each_other():
    for port, library, other in (
        ("fairseq", "transformers", "huggingface"),
        ("huggingface", "fairseq", "fairseq"),
    ):
        for path in sorted((PACKAGE / "models" / port).rglob("*.py")):
            found = list(imports(path))
            assert library not in third_party(iter(found)), path
            assert not [one for one in found if one.startswith(f"workflow_scripts.models.{other}")], path


def test_the_command_line_of_a_stage_is_documented_once():
    text = (PACKAGE.parent / "docs/reference/commands.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+\.\w+)` \|", text, re.M)
    assert len(named) > 20 and len(set(named)) == len(named)
    there = {".".join(path.with_suffix("").relative_to(PACKAGE).parts) for path in modules()}
    assert set(named) <= there


def test_the_check_sees_an_import_inside_a_function(tmp_path):
    source = tmp_path / "x.py"
    source.write_text(
        "def f():\n    from workflow_scripts.models.fairseq import batches\n    import fairseq.tasks\n"
    )
    assert list(imports(source)) == ["workflow_scripts.models.fairseq.batches", "fairseq.tasks"]
