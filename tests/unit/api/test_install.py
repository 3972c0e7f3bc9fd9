"""What `pip install -e .` makes: the build that pip asks for, without a network, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from workflow_scripts import __version__
from workflow_scripts.workflow.software.environments import canonical_name, read_lock

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: Extra -> the environment whose pins are its lower bounds.
PINNED_BY = {"fairseq": "fairseq", "evaluate": "evaluate", "hf": "hf"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder of installed packages with neuronspec in it, and nothing else."""
    checkout, site = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("site")
    for name in ("pyproject.toml", "README.md", "LICENSE", "workflow_scripts"):
        (checkout / name).symlink_to(ROOT / name)
    code = "import sys; from setuptools.build_meta import build_editable; build_editable(sys.argv[1])"
    command = [sys.executable, "-c", code, str(site)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = site.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(site: Path, folder: Path, code: str) -> str:
    """Run code from another folder, with the installed package and without the checkout on the path."""
    start = f"import site, sys; site.addsitedir({str(site)!r})\n"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", start + code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_both_names_are_there_from_anywhere(installed, tmp_path):
    code = "import neuronspec, workflow_scripts\nprint(neuronspec.__file__, workflow_scripts.__file__)"
    files = [Path(word).resolve() for word in run(installed, tmp_path, code).split()]
    assert files == [ROOT / "workflow_scripts/api/__init__.py", ROOT / "workflow_scripts/__init__.py"]


def test_import_is_light(installed, tmp_path):
    code = "before = set(sys.modules)\nimport neuronspec\nprint(*(set(sys.modules) - before))"
    tops = {name.partition(".")[0] for name in run(installed, tmp_path, code).split()}
    of_numpy = {name for name in tops if name.startswith(("cython_", "_cython_"))}
    outside = tops - set(sys.stdlib_module_names) - of_numpy
    assert outside == {"neuronspec", "workflow_scripts", "numpy"}


def test_a_function_of_the_installed_package(installed, tmp_path):
    code = (
        "import numpy as np, neuronspec as ns\nspace = ns.ffn_space(1, 1, 3)\n"
        "print(ns.mass(np.array([5, 4, 1, 0, 0, 7]), space, '90').nonzero()[0].tolist())"
    )
    assert run(installed, tmp_path, code) == "[0, 1, 5]"


def test_what_the_package_says_of_itself(installed):
    (metadata,) = installed.glob("neuronspec-*.dist-info/METADATA")
    said = Parser().parsestr(metadata.read_text(encoding="utf-8"))
    assert (said["Name"], said["Version"], said["License-Expression"]) == ("neuronspec", __version__, "MIT")
    assert set(said.get_all("Provides-Extra")) == set(PINNED_BY)
    assert [one for one in said.get_all("Requires-Dist") if "extra" not in one] == ["numpy>=1.26.4"]


def test_every_package_is_installed():
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "workflow_scripts").rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == {"neuronspec", *there}


@pytest.mark.parametrize(("extra", "environment"), PINNED_BY.items(), ids=list(PINNED_BY))
def test_lower_bounds_are_the_pins(extra, environment):
    pins = read_lock(environment)
    for requirement in PROJECT["project"]["optional-dependencies"][extra]:
        name, bound = re.fullmatch(r"([\w-]+)>=([\w.]+)(?:,<\d+)?", requirement).groups()
        assert pins[canonical_name(name)] == bound, requirement


def test_the_version_stands_in_one_place():
    """Elsewhere only where the changelog says what is new in it."""
    named = {"workflow_scripts/__init__.py", "CHANGELOG.md"}
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [name for name in tracked.stdout.split("\0") if name.endswith((".py", ".toml", ".md", ".cff"))]
    outside = [f for f in files if "results/" not in f and (ROOT / f).is_file()]
    pattern = re.compile(rf'version\w*["\']?\s*[=:]\s*["\']?{re.escape(__version__)}\b', re.I)
    assert {name for name in outside if pattern.search((ROOT / name).read_text(encoding="utf-8"))} <= named
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert first[1] == __version__
    assert "version" not in PROJECT["project"] and PROJECT["project"]["dynamic"] == ["version"]
