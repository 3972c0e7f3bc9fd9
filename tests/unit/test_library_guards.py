"""What libraries do otherwise than one thinks, and the code therefore does not use.

- numpy's default sort and torch's `sort` and `topk` take any order of equal values (numpy's by the CPU's
  features): which of two tied units is kept would differ between machines.
- safetensors 0.8.0's numpy writer stores transposed, sliced or Fortran arrays with wrong values; two or more
  keys of metadata give other bytes at every save.
- Snakemake 9.27.1's `ensure(directory(…), non_empty=True)` passes on an empty folder.
- sentencepiece 0.2.3 begins at its seed again in every call with a list of sentences: what is drawn repeats.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "workflow_scripts").rglob("*.py"))


def calls(source):
    """The last part of a called name (`argsort` of `np.argsort(x)`), and the call."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr, node
            elif isinstance(node.func, ast.Name):
                yield node.func.id, node


def option(call, name):
    return next((ast.literal_eval(one.value) for one in call.keywords if one.arg == name), None)


def unstable(source):
    """Lines whose result depends on how a library orders equal values."""
    statements = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr)}
    alone = {(node.lineno, node.col_offset) for node in statements}  # a list's sort, which has no result
    found = []
    for name, call in calls(source):
        sorts = name == "sort" and (call.lineno, call.col_offset) not in alone
        of_numpy = ast.unparse(call.func) == "np.sort"  # it returns values alone
        orders = name in ("argsort", "argpartition", "topk", "msort") or (sorts and not of_numpy)
        if orders and option(call, "kind") != "stable" and option(call, "stable") is not True:
            found.append(call.lineno)
    return found


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("np.argsort(x)", [1]),
        ("np.argsort(x, kind='stable')", []),
        ("x.argsort(descending=True)", [1]),
        ("torch.topk(x, 3)", [1]),
        ("y = torch.sort(x)", [1]),
        ("y = torch.sort(x, stable=True)", []),
        ("y = x.sort(descending=True)", [1]),
        ("values, order = x.sort()", [1]),
        ("values, order = x.sort(stable=True)", []),
        # Equal values are equal in any order; a list's sort is stable.
        ("y = np.sort(x)", []),
        ("x.sort()", []),
        ("x.sort(key=len)", []),
    ],
)
def test_what_counts_as_unstable(source, lines):
    assert unstable(source) == lines


def test_sorts_are_stable():
    found = {path: unstable(path.read_text(encoding="utf-8")) for path in MODULES}
    assert len(found) > 200
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_weights_are_written_by_the_torch_writer_with_one_key():
    written = []
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        assert "safetensors.numpy import save" not in source and "numpy.save_file" not in source, path
        written += [option(call, "metadata") for name, call in calls(source) if name == "save_file"]
    assert written and all(metadata == {"format": "pt"} for metadata in written)


def test_no_rule_relies_on_a_folder_that_is_not_empty():
    for path in sorted((ROOT / "rules").glob("*.smk")):
        assert "ensure(" not in path.read_text(encoding="utf-8"), path


def drawn(source):
    """Lines that draw a segmentation of text."""
    return [
        call.lineno
        for name, call in calls(source)
        if name.lower().startswith(("sample_encode", "sampleencode"))
        or any(one.arg == "enable_sampling" for one in call.keywords)
    ]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("model.encode(lines, enable_sampling=True, alpha=0.1)", [1]),
        ("load_subwords(path, enable_sampling=drop > 0)", [1]),
        ("model.sample_encode_as_pieces(line, -1, 0.1)", [1]),
        ("model.SampleEncodeAsIds(line, -1, 0.1)", [1]),
        ("model.encode(lines, out_type=int)", []),
        ("draw.sample(lines, 3)", []),
    ],
)
def test_what_counts_as_drawn(source, lines):
    assert drawn(source) == lines


def test_no_segmentation_is_drawn():
    found = {path: drawn(path.read_text(encoding="utf-8")) for path in MODULES}
    assert {path: lines for path, lines in found.items() if lines} == {}
