"""A test that lacks shared material says so: skipped on a machine that has none, failed where CI has it."""

import pytest

from tests.shared_material import ROOT, need, shared_folder

pytest_plugins = ["pytester"]


def test_what_is_there(tmp_path):
    (tmp_path / "data/a").mkdir(parents=True)
    variables = {"NEURONSPEC_SHARED": str(tmp_path), "CI": "true"}
    assert need(["data/a"], variables) == need([], variables) == tmp_path
    assert shared_folder({}) == shared_folder({"NEURONSPEC_SHARED": ""}) == ROOT.parent / "shared"


@pytest.mark.parametrize("names", [[], ["data/a", "data/b"]])
def test_what_is_missing_is_named(names, tmp_path):
    folder = tmp_path / "shared"
    if names:
        (folder / "data/a").mkdir(parents=True)
    line = rf"^no shared material at {folder / 'data/b' if names else folder} \(NEURONSPEC_SHARED names"
    variables = {"NEURONSPEC_SHARED": str(folder)}
    with pytest.raises(pytest.skip.Exception, match=line):
        need(names, variables)
    with pytest.raises(pytest.skip.Exception, match=line):
        need(names, {**variables, "CI": "false"})
    with pytest.raises(pytest.fail.Exception, match=f"{line}.*where CI runs, it must be there"):
        need(names, {**variables, "CI": "true"})


def test_ci_that_has_not_said_where_it_is_skips(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.shared_material.ROOT", tmp_path / "checkout")
    with pytest.raises(pytest.skip.Exception, match=f"at {tmp_path / 'shared'} "):
        need([], {"CI": "true"})


def test_a_mark_is_looked_at_before_the_test(pytester, tmp_path):
    """By the conftest of all tests: skipped, then failed, and nothing of the test has begun."""
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text())
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def begun():
            raise SystemError

        @pytest.mark.shared("no/such/thing")
        def test_marked(begun):
            pass
        """
    )
    pytester.makeini("[pytest]\nmarkers = shared: reads it\n")
    here = {"PYTHONPATH": str(ROOT), "NEURONSPEC_SHARED": str(tmp_path)}
    for variables, ended in (({"CI": ""}, {"skipped": 1}), ({"CI": "true"}, {"errors": 1})):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**here, **variables}.items():
                patch.setenv(name, value)
            done = pytester.runpytest_subprocess("-rs")
        done.assert_outcomes(**ended)
        assert f"no shared material at {tmp_path / 'no/such/thing'}" in done.stdout.str()
