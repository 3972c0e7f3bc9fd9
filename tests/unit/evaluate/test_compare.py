"""evaluate.significance.compare: one JSON file a system, and what two systems must have in common."""

import json

import numpy as np
import pytest

from workflow_scripts.common.archive import write_archive
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate import score
from workflow_scripts.evaluate.segments import SEGMENTS_FORMAT, read_segments
from workflow_scripts.evaluate.significance.compare import compare_systems, main

REFERENCES = ["the cat sat on the mat", "a dog barks at night", "one two three four five"] * 20
#: The second is better in every third sentence.
OUTPUTS = {
    "baseline": ["the cat sat on mat", "a dog barked at night", "one two four five"] * 20,
    "ns": ["the cat sat on the mat", "a dog barked at night", "one two four five"] * 20,
    "continued": ["the cat sat on mat", "a dog barked at night", "one two four five"] * 20,
}
JOB = ["--experiment", "e", "--seed", "1", "--testset", "t"]


def write(folder, name, lines):
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def scored(folder, directions=("de-en", "fr-en")):
    references = write(folder, "ref", REFERENCES)
    files = {}
    for system, lines in OUTPUTS.items():
        hypotheses = write(folder, f"{system}.hyp", lines)
        named = ["--hypotheses", hypotheses, "--references", references, "--system", system]
        out = folder / system / "t.raw.json"
        score.main([*JOB, *named, "--metrics", "bleu", "ter", "--directions", *directions, "--out", str(out)])
        files[system] = str(folder / system / "t.raw.segments.npz")
    return files


def comet(folder, system, scores, **manifest):
    path = folder / system / "t.raw.comet.segments.npz"
    arrays = {f"{d}/comet": np.array(scores)[:, None] for d in ("de-en", "fr-en")}
    write_archive(path, arrays, {"format": SEGMENTS_FORMAT, "system": system, **manifest})
    return str(path)


def test_the_file_of_a_system(tmp_path):
    files = scored(tmp_path)
    extra = {
        "baseline": comet(tmp_path, "baseline", [0.5, 0.6, 0.7] * 20),
        "ns": comet(tmp_path, "ns", [0.8, 0.6, 0.7] * 20),
        "continued": comet(tmp_path, "continued", [0.5, 0.6, 0.7] * 20),
    }
    out = tmp_path / "deep/ns.json"
    others = [x for name in ("baseline", "continued") for x in ("--against", name, files[name], extra[name])]
    command = [*JOB, "--system", "ns", "--segments", files["ns"], extra["ns"], *others]
    command += ["--directions", "fr-en", "de-en", "--resamples", "300", "--out", str(out)]
    main(command)
    found = json.loads(out.read_text())
    names = ["experiment", "system", "seed", "testset", "profile", "resamples", "random_seed", "against"]
    assert list(found) == names
    assert [found[name] for name in names[:-1]] == ["e", "ns", 1, "t", "raw", 300, 12345]
    assert list(found["against"]) == ["baseline", "continued"]
    assert list(found["against"]["baseline"]) == ["fr-en", "de-en"]
    tests = found["against"]["baseline"]["de-en"]
    assert set(tests) == {"bleu", "ter", "comet"}
    fields = ["difference", "low", "high", "sentence_sd", "p_bootstrap", "p_randomisation", "n"]
    assert list(tests["bleu"]) == fields
    # Of each 16 words of reference three edits, and without those of the first sentence two.
    assert tests["ter"]["difference"] == pytest.approx(100 * (2 / 16 - 3 / 16))
    assert tests["comet"]["difference"] == pytest.approx(0.1)
    assert tests["comet"]["n"] == 60
    # Twenty sentences better, none worse.
    assert all(one["p_bootstrap"] < 0.01 and one["p_randomisation"] < 0.01 for one in tests.values())
    # The same text in the control and in the baseline; the same text in both directions.
    assert found["against"]["continued"] == found["against"]["baseline"]
    assert found["against"]["baseline"]["fr-en"] == tests
    again = tmp_path / "again.json"
    main([*command[:-1], str(again), "--processes", "2"])
    assert again.read_bytes() == out.read_bytes()
    main([*command[:-1], str(again), "--random-seed", "7"])
    other = json.loads(again.read_text())
    assert (other["random_seed"], other["resamples"]) == (7, 300)
    # What the file says of itself aside, other resamples were drawn: those of that seed.
    systems = [read_segments([files[name], extra[name]]) for name in ("ns", "baseline")]
    assert other["against"]["baseline"] == compare_systems(*systems, ["fr-en", "de-en"], 300, seed=7)
    for metric in ("bleu", "ter", "comet"):
        ours, theirs = (one["against"]["baseline"]["de-en"][metric] for one in (found, other))
        assert ours["difference"] == theirs["difference"]
        assert ours["sentence_sd"] != theirs["sentence_sd"]


def test_a_system_that_says_the_same_is_a_tie(tmp_path):
    files = scored(tmp_path)
    systems = [read_segments([files[name]]) for name in ("continued", "baseline")]
    for metric in compare_systems(*systems, ["de-en"], 100)["de-en"].values():
        assert (metric["difference"], metric["p_bootstrap"], metric["p_randomisation"]) == (0, 1, 1)


def arrays():
    rows = np.arange(1, 31).reshape(3, 10)
    return {f"{d}/{m}": rows[:, :size] for d in ("de-en", "fr-en") for m, size in (("bleu", 10), ("ter", 2))}


def test_other_references(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, sha256 in (("ours", "ab"), ("other", "cd")):
        references = {"de-en": sha256, "fr-en": "ef"}
        write_archive(f"{name}.npz", arrays(), {"format": SEGMENTS_FORMAT, "references_sha256": references})
    ours, other = read_segments(["ours.npz"]), read_segments(["other.npz"])
    with pytest.raises(UserError, match=r"ours.npz: de-en scored against other references than other.npz"):
        compare_systems(ours, other, ["de-en", "fr-en"])
    assert compare_systems(ours, other, ["fr-en"])


def test_files_of_one_system_against_other_references_are_not_joined(tmp_path, monkeypatch):
    """BLEU of the old references, COMET of the new ones; of fr-en only one file says which."""
    monkeypatch.chdir(tmp_path)
    one, two = ({"de-en": "ab", "fr-en": "ef"}, {"de-en": "cd"})
    write_archive("bleu.npz", arrays(), {"format": SEGMENTS_FORMAT, "references_sha256": one})
    scores = {f"{d}/comet": np.ones((3, 1)) for d in ("de-en", "fr-en")}
    write_archive("comet.npz", scores, {"format": SEGMENTS_FORMAT, "references_sha256": two})
    with pytest.raises(
        UserError, match=r"^comet\.npz: scored de-en against other references than bleu\.npz$"
    ):
        read_segments(["bleu.npz", "comet.npz"])
    write_archive("comet.npz", scores, {"format": SEGMENTS_FORMAT, "references_sha256": {"de-en": "ab"}})
    assert read_segments(["bleu.npz", "comet.npz"]).references == one


def test_files_of_another_job_or_twice(tmp_path):
    for name in ("a", "b"):
        write_archive(tmp_path / f"{name}.npz", arrays(), {"format": SEGMENTS_FORMAT, "system": "ns"})
    with pytest.raises(UserError, match=r"b\.npz: bleu of de-en is in .*a\.npz too"):
        read_segments([tmp_path / "a.npz", tmp_path / "b.npz"])


def test_statistics_of_another_form_than_the_metrics(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_archive(
        "a.npz", {"de-en/bleu": np.ones((3, 9)), "de-en/comet": np.ones((3, 2))}, {"format": SEGMENTS_FORMAT}
    )
    system = read_segments(["a.npz"])
    with pytest.raises(UserError, match="bleu: 9 numbers a sentence, expected 10"):
        compare_systems(system, system, ["de-en"])
