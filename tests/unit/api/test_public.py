"""What is public: the names, their documentation, what importing takes, and what a missing extra says."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts import api
from workflow_scripts.api.extras import COMMANDS, needs

ROOT = Path(__file__).resolve().parents[3]
# Libraries, of which some are in every environment of the project: none may come with the import.
HEAVY = {
    *("torch", "fairseq", "transformers", "pydantic", "snakemake", "sacrebleu", "yaml", "pandas"),
    "safetensors",
}


def test_public_names():
    """A change of this list is a change for those who use it: it goes into CHANGELOG.md."""
    assert api.__all__ == [
        *("Groups", "MaskTable", "Model", "ScoreTable", "SystemFolder", "UnitGroup", "UnitSpace"),
        *(
            "UserError",
            "__version__",
            "above_others",
            "all_masks",
            "attach",
            "count_activations",
            "ffn_space",
        ),
        *("iou_matrix", "keep_all", "lape_sets", "load", "mask_overlap", "mask_rows", "mass"),
        *("mass_masks", "model_space", "parse_selector", "random_like", "random_masks"),
        *("read_counts", "score_text", "select", "without"),
    ]
    # Besides, parts of the package.
    modules = {"annotations", "counts", "extras", "model", "scoring", "selecting", "texts"}
    assert {name for name in vars(api) if not name.startswith("__")} <= {*api.__all__, *modules}


@pytest.mark.parametrize("name", [name for name in api.__all__ if name != "__version__"])
def test_public_objects_are_documented_and_typed(name):
    """Every parameter of a function is typed; of a class every public method is documented."""
    thing = getattr(api, name)
    assert inspect.getdoc(thing).partition("\n")[0].endswith((".", ":"))
    if inspect.isclass(thing):
        own = [part for key, part in vars(thing).items() if callable(part) and not key.startswith("_")]
        assert all(part.__doc__ for part in own)
    else:
        signature = inspect.signature(thing)
        assert signature.return_annotation is not inspect.Signature.empty
        assert inspect.Parameter.empty not in {one.annotation for one in signature.parameters.values()}


def run(folder: Path, code: str) -> str:
    """Run code in a new process, from another folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_takes_numpy_and_nothing_else(tmp_path):
    code = "import json, sys, workflow_scripts.api; print(json.dumps(sorted(sys.modules)))"
    modules = json.loads(run(tmp_path, code))
    loaded = {name.partition(".")[0] for name in modules}
    assert {"numpy", "workflow_scripts"} <= loaded
    assert not loaded & HEAVY
    layers = {name.split(".")[1] for name in modules if name.startswith("workflow_scripts.")}
    assert layers.isdisjoint({"config", "models", "activations", "evaluate", "translate", "workflow", "data"})


@pytest.mark.parametrize(
    ("library", "call", "line"),
    [
        (
            "sacrebleu",
            "score_text(['a'], ['a'])",
            "score_text needs sacrebleu, of the extra 'evaluate'; in neuronspec's checkout:"
            " pip install -e '.[evaluate]'",
        ),
        (
            "torch",
            "count_activations('system', 'bin', 'de-en')",
            "count_activations needs torch, of the extra 'fairseq'; in neuronspec's checkout:"
            " pip install -e '.[fairseq]' && pip install --no-deps fairseq==0.12.2",
        ),
        (
            "torch",
            "attach('model')",
            "attach needs torch, of the extra 'hf'; in neuronspec's checkout: pip install -e '.[hf]'",
        ),
    ],
    ids=["sacrebleu", "torch", "torch of hf"],
)
def test_a_missing_extra_is_one_line_that_names_it(tmp_path, library, call, line):
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"  # Python's way to say: not there
        "from workflow_scripts import api\n"
        f"try:\n    api.{call}\nexcept api.UserError as error:\n    print(error)"
    )
    assert run(tmp_path, code) == line


def test_the_line_names_the_library_not_its_part():
    with pytest.raises(api.UserError) as caught, needs("fairseq", "f"):
        raise ModuleNotFoundError("no such module", name="fairseq.data")
    assert str(caught.value).startswith("f needs fairseq, of the extra 'fairseq'; ")


def test_a_fault_of_our_own_is_not_called_a_missing_extra():
    with pytest.raises(ModuleNotFoundError, match=r"workflow_scripts\.nowhere"), needs("evaluate", "f"):
        import workflow_scripts.nowhere  # noqa: F401
    with pytest.raises(ValueError, match="other"), needs("evaluate", "f"):
        raise ValueError("other")


def test_the_commands_that_a_missing_extra_names_stand_in_the_docs():
    page = (ROOT / "docs/how-to/python.md").read_text(encoding="utf-8")
    assert all(f"`{command}`" in page for command in COMMANDS.values())
