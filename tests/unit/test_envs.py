"""Lock files, conda files and set-up: exact pins, no drift between the two forms, nothing half-made."""

import fcntl
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.software import environments, setup

ROOT = Path(__file__).resolve().parents[2]
RUN_IN = ROOT / "envs/bin/run-in"


@pytest.mark.parametrize("name", environments.ENVIRONMENTS)
def test_locks_hold_only_exact_pins(name):
    lines = (ROOT / f"envs/{name}.lock.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 15 or name in ("scripts", "test", "browser")
    # Neither addresses, nor paths, options, ranges or build tags.
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin)] == []
    assert len(environments.read_lock(name)) == len(pins)


def test_what_runs_the_tests_adds_nothing_that_an_environment_pins():
    """It lies behind their packages: what both had would be theirs in one process and its own in another."""
    added = set(environments.read_lock("test"))
    assert {"execnet", "py-spy", "pytest-xdist", "ipykernel", "nbclient"} <= added and len(added) == 21
    assert [n for n in environments.RUN_ENVIRONMENTS if added & set(environments.read_lock(n))] == []


def test_every_lock_is_a_known_environment():
    files = {path.name.removesuffix(".lock.txt") for path in (ROOT / "envs").glob("*.lock.txt")}
    assert files == set(environments.ENVIRONMENTS)


def conda_pins(name):
    content = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())
    pins = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    script = ROOT / f"envs/{name}.post-deploy.sh"
    later = (
        re.findall(r"^[^#\n]*pip install --no-deps (\S+)$", script.read_text(), re.M)
        if script.exists()
        else []
    )
    return [*pins, *later]


@pytest.mark.parametrize("name", environments.RUN_ENVIRONMENTS)
def test_conda_holds_the_same_pins(name):
    pins = conda_pins(name)
    assert environments.parse_pins("\n".join(pins)) == environments.read_lock(name)


def test_conda_files_say_what_they_need_and_nothing_of_a_machine():
    files = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "envs").glob("*.yaml")}
    for name in ("site", "site.example"):
        files.pop(name, None)
    assert set(files) == set(environments.RUN_ENVIRONMENTS)
    for name, content in files.items():
        # No name or prefix of an environment, no other channel; the same file for CPU and CUDA.
        assert set(content) == {"channels", "dependencies"}
        assert content["channels"] == ["conda-forge", "nodefaults"]
        conda = [entry for entry in content["dependencies"] if isinstance(entry, str)]
        assert conda == ["python=3.11", "pip", *(["gxx"] if name == "fairseq" else [])]
        pins = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
        wrong = [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin)]
        assert wrong == [], "neither addresses, nor paths, options or build tags"


def test_post_deploy_scripts_install_what_the_lock_pins_and_nothing_else():
    scripts = {path.name: path.read_text() for path in (ROOT / "envs").glob("*.post-deploy.sh")}
    assert set(scripts) == {"fairseq.post-deploy.sh"}
    (text,) = scripts.values()
    commands = [line for line in text.splitlines() if line and not line.startswith("#")]
    version = environments.read_lock("fairseq")["fairseq"]
    assert commands == ["set -euo pipefail", f"python -m pip install --no-deps fairseq=={version}"]


def test_run_in_takes_the_python_of_a_container(tmp_path):
    fake_python(tmp_path / "image/bin")
    fake_python(tmp_path / "venvs/evaluate/bin")
    variables = {
        "PATH": f"{tmp_path}/image/bin:{os.environ['PATH']}",
        "NEURONSPEC_IMAGES": "fairseq text",
        "NEURONSPEC_VENVS": str(tmp_path / "venvs"),
    }
    assert run_in("text", "some.module", **variables).stdout.startswith(f"{tmp_path}/image/bin/python|")
    assert run_in("evaluate", "some.module", **variables).stdout.startswith(f"{tmp_path}/venvs/evaluate/")


def test_packages_of_several_environments_that_files_pass_between_agree():
    fairseq, text = environments.read_lock("fairseq"), environments.read_lock("text")
    for package in ("numpy", "sentencepiece", "safetensors"):
        assert fairseq[package] == text[package]
    assert "torch" not in text


def test_pins_are_read_without_build_tags_comments_and_spelling():
    text = "# heading\nPyYAML==6.0.3\n\ntorch==2.13.0+cpu  # either build\n"
    assert environments.parse_pins(text) == {"pyyaml": "6.0.3", "torch": "2.13.0"}


@pytest.mark.parametrize("line", ["numpy>=1.26", "numpy", "numpy @ file:///x", "-r other.txt", "numpy==1.*"])
def test_a_loose_pin_is_refused_with_its_line(line):
    with pytest.raises(UserError, match=r"a\.txt, line 2: .*exact pin"):
        environments.parse_pins(f"a==1\n{line}\n", "a.txt")


def test_identity_is_the_hash_of_sorted_pins():
    expected = hashlib.sha256(b"a-b==1\nc==2\n").hexdigest()[:16]
    assert environments.identity_of(environments.parse_pins("c==2+cu124\nA_b==1\n")) == expected
    assert environments.identity_of({"a-b": "1", "c": "3"}) != expected


def test_an_unknown_environment_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'fairseq'"):
        environments.environment_identity("fairsec")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A lock of one package in a folder of its own, and a stand-in for pip that installs at once."""
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/tiny.lock.txt").write_text("one==1.0\n")
    (tmp_path / "venvs/logs").mkdir(parents=True)
    monkeypatch.setattr(environments, "LOCKS", tmp_path / "envs")
    monkeypatch.setenv(environments.VENVS_VARIABLE, str(tmp_path / "venvs"))

    def install(name, folder, log, lock):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin/python").touch()
        (folder / setup.BUILDING).touch()
        (tmp_path / "installs").open("a").write(f"{name}\n")

    monkeypatch.setattr(setup, "install", install)
    return tmp_path


def installs(fake):
    return len((fake / "installs").read_text().splitlines())


def test_setup_installs_once_and_again_when_the_lock_changes(fake):
    setup.main(["tiny"])
    setup.main(["tiny"])
    assert installs(fake) == 1
    (fake / "envs/tiny.lock.txt").write_text("# a comment is no change\none==1.0\n")
    setup.main(["tiny"])
    assert installs(fake) == 1
    (fake / "envs/tiny.lock.txt").write_text("one==1.1\n")
    assert not setup.is_current("tiny", fake / "venvs/tiny")


def add_package(folder, name, version):
    metadata = setup.site_packages(folder) / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_an_environment_made_by_hand_is_taken_over_only_when_complete(fake):
    folder = fake / "venvs/tiny"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").touch()
    add_package(folder, "pip", "25.3")
    assert not setup.holds_the_lock("tiny", folder)
    add_package(folder, "One", "1.0+cpu")
    assert setup.holds_the_lock("tiny", folder)
    (folder / setup.BUILDING).touch()
    assert not setup.holds_the_lock("tiny", folder), "an interrupted installation is not complete"
    (folder / setup.BUILDING).unlink()
    add_package(folder, "surplus", "2")
    assert not setup.holds_the_lock("tiny", folder)


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("sympy>=1.13.3", False),
        ("nvidia-cudnn-cu13==9.19.0; platform_system == 'Linux'", True),
        ("triton==3", True),
    ],
)
def test_only_a_cuda_build_of_torch_asks_for_more_packages(tmp_path, requirement, expected):
    add_package(tmp_path, "torch", "2.13.0")
    with (setup.site_packages(tmp_path) / "torch-2.13.0.dist-info/METADATA").open("a") as metadata:
        metadata.write(f"Requires-Dist: filelock\nRequires-Dist: {requirement}\n")
    assert setup.needs_cuda_packages(tmp_path) is expected


def test_an_environment_without_its_interpreter_is_not_current(fake):
    setup.main(["tiny"])
    python = fake / "venvs/tiny/bin/python"
    python.unlink()
    python.symlink_to(fake / "uninstalled")
    assert not setup.is_current("tiny", fake / "venvs/tiny")


def test_a_second_setup_waits_for_the_first(fake, capsys):
    path = fake / "venvs/tiny.lock"
    with path.open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        # What pip is to a set-up that was killed: a child that still holds the lock after its parent let go.
        with subprocess.Popen(["sleep", "0.5"], pass_fds=[first.fileno()]):
            first.close()
            with setup.held(path, "tiny"):
                pass
    assert capsys.readouterr().err == "tiny: waiting for another set-up\n"


def test_a_missing_compiler_is_one_line_with_the_fix(monkeypatch):
    monkeypatch.setattr(
        setup.shutil, "which", lambda program: None if program == "gcc" else f"/bin/{program}"
    )
    with pytest.raises(UserError, match=r"^gcc is missing: install it \(Debian: apt install gcc\)$"):
        setup.check_prerequisites(["fairseq"])
    setup.check_prerequisites(["text"])  # where nothing is compiled, none is needed


def test_another_python_is_one_line_with_the_fix(monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 12, 1))
    with pytest.raises(UserError, match=r"Python 3\.11 is needed, this is 3\.12"):
        setup.check_prerequisites(["text"])


def run_in(*arguments, **variables):
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        [str(RUN_IN), *arguments], env=environment, capture_output=True, text=True, cwd="/", check=False
    )


@pytest.mark.parametrize("limit", ["30000", "999999"])
def test_too_little_address_space_is_one_line_before_libraries_tell(limit):
    said = f"ulimit -v {limit} is too low to load the libraries: at least 1000000 is needed"
    said += " (ulimit -v unlimited)"
    done = subprocess.run(
        ["sh", "-c", f"ulimit -v {limit}; exec {RUN_IN} text workflow_scripts.data.binarise --help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, f"error: {said}\n")
    with pytest.raises(UserError) as raised:
        setup.check_address_space(int(limit) * 1024)
    assert str(raised.value) == said
    setup.check_address_space(-1)
    setup.check_address_space(1_000_000 * 1024)


def test_run_in_names_the_missing_environment(tmp_path):
    done = run_in("text", "json.tool", NEURONSPEC_VENVS=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: environment 'text' is missing: run 'make setup'\n"


def fake_python(folder):
    folder.mkdir(parents=True)
    (folder / "python").write_text('#!/bin/sh\necho "$0|$PYTHONPATH|$PYTHONHASHSEED|$*"\n')
    (folder / "python").chmod(0o755)


def test_run_in_takes_the_virtual_environment(tmp_path):
    fake_python(tmp_path / "text/bin")
    done = run_in(
        "text", "some.module", "--a", "b c", NEURONSPEC_VENVS=str(tmp_path), PYTHONPATH="/elsewhere"
    )
    assert done.stdout == f"{tmp_path}/text/bin/python|{ROOT}|0|-P -m some.module --a b c\n"


def test_run_in_takes_the_activated_environment_under_conda(tmp_path):
    fake_python(tmp_path / "conda/bin")
    path = f"{tmp_path}/conda/bin:{os.environ['PATH']}"
    done = run_in(
        "text", "some.module", PATH=path, NEURONSPEC_DEPLOYMENT="conda", NEURONSPEC_VENVS=str(tmp_path)
    )
    assert done.stdout == f"{tmp_path}/conda/bin/python|{ROOT}|0|-P -m some.module\n"


def test_what_is_mended_in_the_slurm_executor_is_that_of_its_version():
    """rules/run.smk, submission and patience work round faults of 2.8.0.

    Its issue 473; arrays by sacct; jobs that are dropped when squeue fails. With another version: see whether
    they are still there, then change all three.
    """
    assert environments.read_lock("workflow")["snakemake-executor-plugin-slurm"] == "2.8.0"
