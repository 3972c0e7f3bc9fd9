"""What the targets start: what users write in variables is data, whatever characters it holds."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.run.words import split

ROOT = Path(__file__).resolve().parents[2]
WORDS = ["-m", "workflow_scripts.workflow.run.words"]


@pytest.fixture
def venvs(tmp_path):
    """Environments whose interpreter writes its arguments, one a line; their path has all that is odd."""
    folder = tmp_path / 'it\'s (a) "folder" & more; ä'
    python = folder / "workflow/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    return folder


def make(venvs, *words):
    """Run make with interpreters that say what they are given."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["NEURONSPEC_VENVS"] = str(venvs)
    command = ["make", "--no-print-directory", "PYTHON=true", "CORES=2", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def started(venvs, *words):
    """Return the arguments of what make starts."""
    done = make(venvs, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


ODD = [
    "a, b.yaml", "x.yaml; touch m", "a b.yaml", "it's.yaml", "$(touch m)", "`touch m`", 'a"b', "a&b|c>d",
    "$x*?[a]~\\",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_a_config_is_one_word_and_runs_nothing(text, venvs, tmp_path):
    asked = [*WORDS, "", "workflow_scripts.workflow.run.status", "--configfile", text]
    assert started(venvs, "status", f"CONFIG={text}") == asked
    assert not (ROOT / "m").exists()


@pytest.mark.parametrize("text", ["--until a b", "-n; touch m", "--config 'data={a: {b: c}}'", "$(touch m)"])
def test_further_options_reach_the_program_as_they_were_written(text, venvs):
    assert started(venvs, "run", f"ARGS={text}", "CONFIG=c.yaml") == [
        *(*WORDS, text, "workflow_scripts.workflow.run.start", "--configfile", "c.yaml"),
        *("--cores", "2"),
    ]


def test_a_profile_is_one_word(venvs):
    assert started(venvs, "run", "PROFILE=my profiles/it's; touch m", "CONFIG=c.yaml")[3:] == [
        *(
            "workflow_scripts.workflow.run.start",
            "--configfile",
            "c.yaml",
            "--profile",
            "my profiles/it's; touch m",
        )
    ]


#: Targets that work on an experiment, with the variables that they need.
EXPERIMENT = {
    **{
        name: []
        for name in ("demo", "run", "try", "multi30k", "fetch", "clean-training", "accept", "retrain")
    },
    **{name: [] for name in ("status", "why", "verify", "report", "crate", "plan", "times", "explorer")},
    "translate": ["SYSTEM=ns", "DIRECTION=de-en"],
}
#: Others whose program has options, and those whose program has none.
TOOLS = ("test", "test-browser", "test-slurm", "chaos", "golden", "mutants", "bench")
WITHOUT = ("malformed", "golden-breaks", "bench-slurm", "lint", "bench-more", "docs")


@pytest.mark.parametrize("target", [*EXPERIMENT, *TOOLS])
def test_every_target_takes_further_words(target, venvs):
    words = "--directory '/a b' x"
    said = started(venvs, target, f"ARGS={words}", "CONFIG=c.yaml", *EXPERIMENT.get(target, []))
    assert said[:3] == [*WORDS, words]


@pytest.mark.parametrize("target", WITHOUT)
def test_a_target_without_options_says_so(target, venvs):
    done = make(venvs, target, "ARGS=--directory x")
    assert done.returncode == 2 and f"make {target} takes no ARGS" in done.stderr


@pytest.mark.parametrize("config", ["", " "])
def test_a_config_without_a_name_is_told(config, venvs):
    """As in `make run CONFIG= my.yaml`."""
    done = make(venvs, "run", f"CONFIG={config}")
    assert done.returncode == 2 and "CONFIG= is empty: write CONFIG=FILE" in done.stderr


def test_no_target_is_left_out():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):.*##", text, re.M))
    assert targets == {*EXPERIMENT, *TOOLS, *WITHOUT, "help", "setup"}


def test_help_lists_what_users_need_before_what_developers_do(venvs):
    lines = make(venvs, "help").stdout.splitlines()
    headings = [place for place, line in enumerate(lines) if line and not line.startswith(" ")]
    assert [(lines[one], lines[one + 1].split()[:2]) for one in headings] == [
        ("Begin", ["make", "demo"]),
        ("Run", ["make", "plan"]),
        ("Look at results", ["make", "explorer"]),
        ("Keep, train again, delete", ["make", "accept"]),
        ("Develop", ["make", "test"]),
    ]


@pytest.mark.parametrize("target", ["run", "plan", "why", "fetch", "translate"])
@pytest.mark.parametrize("config", ["my configs/a b.yaml", *ODD])
def test_a_config_has_blanks_and_signs_whatever_is_done_with_it(config, target, venvs):
    said = started(venvs, target, f"CONFIG={config}", *EXPERIMENT[target])
    assert said[said.index("--configfile") + 1] == config


def parsed(words):
    """What Snakemake makes of the words after `make run`, of those options that take several words."""
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--configfile", nargs="+")
    parser.add_argument("--cores")
    parser.add_argument("--profile")
    return parser.parse_args(words)


@pytest.mark.parametrize("more", [[], ["PROFILE=profiles/default"]])
def test_targets_behind_the_options_are_no_config_files(more, venvs):
    said = started(venvs, "run", "CONFIG=a b.yaml", "ARGS=tabulate 'results/x y'", *more)
    known = parsed([*said[said.index("workflow_scripts.workflow.run.start") + 1 :], *split(said[2])])
    assert (known.configfile, known.targets) == (["a b.yaml"], ["tabulate", "results/x y"])


def test_setup_makes_the_environments_that_are_named(venvs):
    done = make(venvs, "setup", "ARGS=text workflow", "PYTHON=echo")
    assert done.stdout.splitlines()[-1] == "-m workflow_scripts.workflow.software.setup text workflow"


def test_other_variables_are_words_too(venvs):
    names = ["SYSTEM=a b", "DIRECTION=de-en; x", "SEED=1 2", "CONFIG=c.yaml"]
    assert started(venvs, "translate", *names)[-6:] == [
        *("--system", "a b", "--direction", "de-en; x", "--seed", "1 2")
    ]
    assert started(venvs, "mutants", 'ONLY=it\'s "so"')[-2:] == ["--only", 'it\'s "so"']
    assert started(venvs, "test", "SUITES=lint it's")[-2:] == ["lint", "it's"]
    assert started(venvs, "bench", "NAMES=count_1 it's")[-2:] == ["count_1", "it's"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("--until a  b", ["--until", "a", "b"]),
        ("--config 'data={a: {b: c}}'", ["--config", "data={a: {b: c}}"]),
        ('--apptainer-args "--nv"', ["--apptainer-args", "--nv"]),
        ("-n; touch m", ["-n;", "touch", "m"]),
        ("$(touch m) `x` a\\ b *", ["$(touch", "m)", "`x`", "a b", "*"]),
        ("--directory ~/x a~", ["--directory", "/home/me/x", "a~"]),
    ],
)
def test_a_text_is_split_as_a_shell_does_and_nothing_in_it_is_run(text, words, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert split(text) == words


def test_a_quote_that_does_not_end_is_told():
    with pytest.raises(UserError, match=r"no closing quotation; quote it twice"):
        split("it's")


def test_the_program_takes_the_place_of_the_splitting_one(tmp_path):
    (tmp_path / "shown.py").write_text("import sys\nprint(sys.argv[1:])\n")
    given = ["--debug 'a b'", "shown", "--configfile", "c d"]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    for text, words in ((given[0], ["--debug", "a b"]), ("--debug", ["--debug"])):
        command = [sys.executable, *WORDS, text, *given[1:]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == f"{['--configfile', 'c d', *words]}\n"


@pytest.mark.parametrize("word", ["config=mine.yaml", "ARG=-n", "CORE=8", "Profile=profiles/slurm"])
def test_a_variable_that_no_target_reads_is_told(word, venvs):
    """Make would take no notice of it, and run the demo."""
    done = make(venvs, "run", word)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no target reads {word.split('=')[0]}=; there are AGAINST ARGS CONFIG " in done.stderr


@pytest.mark.parametrize(
    "word", ["CUDA_VISIBLE_DEVICES=0", "HOME=/a b", "PYTHONPATH=.", "CFLAGS=-O1", "TMPDIR=/x", "DEBUG=1"]
)
def test_variables_of_the_environment_may_be_given(word, venvs):
    assert started(venvs, "status", word)[:3] == [*WORDS, ""]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("config/mine.yaml", "no target 'config/mine.yaml': write CONFIG=config/mine.yaml"),
        ("config/config.yaml", "no target 'config/config.yaml': write CONFIG=config/config.yaml"),
        ("statu", "no target 'statu': 'make help' lists them"),
    ],
)
def test_a_word_that_is_no_target_is_told_before_anything_runs(word, said, venvs):
    done = make(venvs, "run", word)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_every_variable_that_is_read_may_be_given():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (known,) = re.findall(r"^VARIABLES := (.*)$", text, re.M)
    own = {"CURDIR", "MAKECMDGOALS", *re.findall(r"^([A-Z_]+) :?=", text, re.M)}
    read = {*re.findall(r"\$\(([A-Z]+)\)", text), *re.findall(r"as_words?,([A-Z]+)\)", text)}
    assert {*read, "DEBUG", "ARGS", "CONFIG"} - own <= set(known.split())
    assert len(read) > 10
