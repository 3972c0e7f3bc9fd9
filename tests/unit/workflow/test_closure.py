"""The code hash of a stage: changes with the code it runs, and with nothing else."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

from workflow_scripts.workflow.software import closure as module
from workflow_scripts.workflow.software.closure import closure, closure_hash, syntax

FILES = {
    "__init__.py": "",
    "stage.py": '"""Doc."""\nfrom workflow_scripts.lib import f\n\n'
    'def main():\n    "doc"\n    return f(1)  # why\n',
    "lib/__init__.py": "from workflow_scripts.lib.core import f\n",
    "lib/core.py": "def f(x):\n    return x + 1\n",
    "other.py": "def g():\n    import workflow_scripts.lib.core\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "workflow_scripts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def hash_of(stage: str, root: Path) -> str:
    """The hash that a new process finds."""
    for cached in (module._closure_hash, module._imports, module._exists, syntax):
        cached.cache_clear()
    return closure_hash(stage, root)


def kept(root: Path) -> list[Path]:
    return sorted(root.glob("workflow_scripts/**/__pycache__/*.syntax.json"))


def test_closure_follows_imports(root: Path) -> None:
    assert closure("workflow_scripts.stage", root) == {
        "workflow_scripts.stage",
        "workflow_scripts.lib",
        "workflow_scripts.lib.core",
    }
    assert "workflow_scripts.lib.core" in closure("workflow_scripts.other", root)


def test_code_of_an_imported_module_counts(root: Path) -> None:
    before = hash_of("stage", root)
    (root / "workflow_scripts/lib/core.py").write_text("def f(x):\n    return x + 2\n")
    assert hash_of("stage", root) != before


def test_modules_of_the_same_code_are_told_apart_by_their_names(root: Path) -> None:
    (root / "workflow_scripts/twin.py").write_text(FILES["stage.py"])
    assert hash_of("twin", root) != hash_of("stage", root)


def test_what_stands_in_which_module_counts(root: Path) -> None:
    """The same lines, of which one goes from a module to the next."""
    package = root / "workflow_scripts"
    (package / "stage.py").write_text("import workflow_scripts.a\nimport workflow_scripts.b\n")
    found = []
    for first, second in (("x = 1\ny = 2\n", ""), ("x = 1\n", "y = 2\n")):
        (package / "a.py").write_text(first)
        (package / "b.py").write_text(second)
        found.append(hash_of("stage", root))
    assert found[0] != found[1]


def test_comments_docstrings_and_blank_lines_do_not_count(root: Path) -> None:
    before = hash_of("stage", root)
    (root / "workflow_scripts/stage.py").write_text(
        '"""Another."""\n\n# a comment\nfrom workflow_scripts.lib import f\n\n\n'
        'def main():\n    """New."""\n\n    return f(1)\n'
    )
    assert hash_of("stage", root) == before


def test_indentation_counts(root: Path) -> None:
    (root / "workflow_scripts/stage.py").write_text("if a:\n    b()\n    c()\n")
    before = hash_of("stage", root)
    (root / "workflow_scripts/stage.py").write_text("if a:\n    b()\nc()\n")
    assert hash_of("stage", root) != before


def test_imports_are_found_in_every_statement_that_holds_others(root: Path) -> None:
    lines = [
        "async def f():\n    async with a:\n        {}",
        "class A:\n    def g(self):\n        {}",
        "try:\n    pass\nexcept E:\n    {}",
        "try:\n    pass\nexcept* E:\n    {}",
        "try:\n    pass\nfinally:\n    {}",
        "for a in b:\n    pass\nelse:\n    {}",
        "if a:\n    pass\nelif b:\n    {}",
        "while a:\n    with b:\n        {}",
        "match a:\n    case 1:\n        {}",
    ]
    for line in lines:
        (root / "workflow_scripts/stage.py").write_text(line.format("import workflow_scripts.other") + "\n")
        hash_of("stage", root)
        assert "workflow_scripts.other" in closure("workflow_scripts.stage", root), line


def test_a_module_is_parsed_once_by_all_processes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hash_of("stage", root)
    assert len(kept(root)) == 3
    monkeypatch.delattr(ast, "parse")
    assert hash_of("stage", root) == before
    with pytest.raises(AttributeError):
        hash_of("other", root)


def test_what_is_kept_holds_for_the_very_bytes_of_a_file(root: Path) -> None:
    before = hash_of("stage", root)
    core = root / "workflow_scripts/lib/core.py"
    old, times = core.read_text(), core.stat()
    core.write_text(old.replace("1", "2"))
    os.utime(core, ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = hash_of("stage", root)
    assert changed != before
    core.write_text(old)
    assert hash_of("stage", root) == before


@pytest.mark.parametrize("content", ["", "[]", "{", '{"key": 1}', "\0" * 100])
def test_what_is_kept_and_damaged_is_made_again(content: str, root: Path) -> None:
    before = hash_of("stage", root)
    for path in kept(root):
        path.write_text(content)
    assert hash_of("stage", root) == before
    assert all(json.loads(path.read_text())["code"].startswith("Module(") for path in kept(root))


def test_a_checkout_where_nothing_can_be_kept(root: Path) -> None:
    for folder in (root / "workflow_scripts", root / "workflow_scripts/lib"):
        (folder / "__pycache__").touch()
    before = hash_of("stage", root)
    for folder in (root / "workflow_scripts", root / "workflow_scripts/lib"):
        (folder / "__pycache__").unlink()
    assert hash_of("stage", root) == before


def test_a_module_that_is_not_imported_does_not_count(root: Path) -> None:
    before = hash_of("stage", root)
    (root / "workflow_scripts/other.py").write_text("x = 1\n")
    assert hash_of("stage", root) == before


def test_a_module_that_does_not_run_is_not_followed(root: Path) -> None:
    assert closure("workflow_scripts.stage", root, but="workflow_scripts.lib") == {"workflow_scripts.stage"}


def test_decoding_with_ctranslate2_does_not_depend_on_the_models() -> None:
    found = closure("workflow_scripts.translate.decode", but="workflow_scripts.translate.live_engine")
    assert not [name for name in found if name.startswith("workflow_scripts.models")]
    assert "workflow_scripts.translate.ctranslate2_engine" in found
