"""Results in a folder of the user's: what is touched there, and what is not."""

import json
import os
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import HOST
from workflow_scripts.evaluate.written import LIST, check_untouched, named_folder, replacing


def write(folder, **files):
    with replacing(folder) as new:
        for name, text in files.items():
            path = new / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LIST
    }


def test_what_an_earlier_call_wrote_is_replaced_and_removed_and_nothing_else(tmp_path):
    write(tmp_path, groups_csv="1", wins_md="1", scores__old__s0__a_json="1", scores__new__a_json="1")
    (tmp_path / "published.csv").write_text("mine")
    (tmp_path / "scores/old/notes").write_text("mine")
    write(tmp_path, groups_csv="2", scores__new__a_json="2")
    assert files(tmp_path) == {
        "groups.csv": "2", "published.csv": "mine", "scores/new/a.json": "2", "scores/old/notes": "mine",
    }  # fmt: skip
    assert not (tmp_path / "scores/old/s0").exists()  # empty, and ours


def test_a_file_of_others_is_never_written_over(tmp_path):
    for name in ("groups.csv", "health.csv", "seeds.md", "wins.md"):
        (tmp_path / name).write_text("mine")
    before = files(tmp_path)
    with pytest.raises(UserError) as error:
        write(tmp_path, groups_csv="1", health_csv="1", wins_md="1", seeds_md="1", other="1")
    assert str(error.value) == (
        f"{tmp_path}: groups.csv, health.csv, seeds.md and 1 more: not written by evaluate_outputs; move "
        "them, or name another folder by --out; nothing was written"
    )
    assert files(tmp_path) == before
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("second", [{"groups_csv": "2"}, {"other_csv": "2"}])
def test_a_file_of_ours_that_was_edited_is_neither_replaced_nor_removed(second, tmp_path):
    write(tmp_path, groups_csv="1")
    (tmp_path / "groups.csv").write_text("edited")
    with pytest.raises(UserError, match=r"groups\.csv: changed since they were written; move them"):
        write(tmp_path, **second)
    assert files(tmp_path) == {"groups.csv": "edited"}


def test_a_folder_a_link_and_a_file_in_the_way_of_a_folder_are_of_others(tmp_path):
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "b.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "scores").write_text("mine")
    with pytest.raises(UserError, match=r"a\.csv, b\.csv, scores: not written by"):
        check_untouched(tmp_path, ["a.csv", "b.csv", "scores/old/x.json"])


def test_nothing_of_a_call_that_fails_is_there(tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(RuntimeError), replacing(folder) as new:
        (new / "a").write_text("1")
        raise RuntimeError
    assert not folder.exists()


def test_a_call_after_one_that_was_killed_while_it_moved_files(tmp_path, monkeypatch):
    write(tmp_path, a="1", b="1", c="1")
    moved = []

    def killed(source, target):
        if Path(target).name == "b":
            raise KeyboardInterrupt
        moved.append(Path(target).name)
        Path(source).rename(target)

    with monkeypatch.context() as patched:
        patched.setattr("workflow_scripts.evaluate.written.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, a="2", b="2")
    write(tmp_path, a="3")
    assert files(tmp_path) == {"a": "3"}


def test_what_a_killed_call_left_is_cleared_and_what_a_running_one_makes_is_not(tmp_path):
    gone, here, others = (tmp_path / f".unfinished-{name}" for name in (f"{HOST}-4194305", f"{HOST}-1", "x"))
    for folder in (gone, here, others):
        folder.mkdir()
    assert os.getpid() != 1
    write(tmp_path, a="1")
    assert not gone.exists()
    assert here.exists()
    assert others.exists()


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"files": {}}', '{"format": "written-1", "files": {"../x": []}}']
    + [json.dumps({"format": "written-1", "files": {"/etc/x": []}})],
)
def test_a_list_that_is_none_or_leads_outside_is_refused(content, tmp_path):
    (tmp_path / LIST).write_text(content)
    with pytest.raises(UserError, match="no list of files that evaluate_outputs wrote"):
        write(tmp_path, a="1")


def test_a_file_for_a_folder_is_told(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match="out: a file, where --out needs a folder"):
        check_untouched(tmp_path / "out", ["a"])


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_scored(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name, said in {
        "file/x/y": f"{tmp_path}/file: a file, where --out needs a folder",
        "link": f"{tmp_path}/link: a link to nothing, where --out needs a folder",
        "link/x": f"{tmp_path}/link: a link to nothing, where --out needs a folder",
    }.items():
        with pytest.raises(UserError) as error:
            check_untouched(tmp_path / name, ["groups.csv"])
        assert str(error.value) == said
    check_untouched(tmp_path / "new/folder", ["groups.csv"])
    assert not (tmp_path / "new").exists()
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(UserError, match="nothing may be written there"):
        check_untouched(tmp_path / "new/folder", ["groups.csv"])


def test_no_name_is_no_folder():
    assert named_folder("a/b") == Path("a/b")
    with pytest.raises(UserError, match="--out: no folder is named"):
        named_folder("")
