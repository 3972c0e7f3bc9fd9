"""Packages of suites: one apt-get at a time, and its reason where it fails."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import debian

#: It fails beside another one, as apt-get does, and puts an empty file in the place of a package.
APT_GET = """#!/bin/sh
mkdir {folder}/busy || {{ echo "E: another process has the lock" >&2; exit 100; }}
sleep 0.1
for word; do last=$word; done
case $last in -qq) ;; missing) rmdir {folder}/busy; echo "E: Unable to locate package" >&2; exit 100 ;;
*) touch {folder}/$last ;; esac
rmdir {folder}/busy
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    program = tmp_path / "bin/apt-get"
    program.parent.mkdir()
    program.write_text(APT_GET.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def absent(folder, name):
    return lambda: None if (folder / name).exists() else f"no {name}"


def test_two_suites_install_one_after_the_other(folder):
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(debian.install, absent(folder, name), [name]) for name in ("one", "two")]
    assert [one.result() for one in both] == [None, None]


def test_what_cannot_be_installed_says_why(folder):
    said = debian.install(absent(folder, "missing"), ["missing"])
    assert said == "no missing; apt-get install: E: Unable to locate package"


def test_another_user_is_told_what_is_missing(folder, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert debian.install(absent(folder, "one"), ["one"]) == "no one"
    assert not (folder / "one").exists()
