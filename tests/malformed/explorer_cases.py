"""Malformed input of the explorer: what it reads beside scores, whose cases are those of the tables."""

from tests.malformed.case import Case, cases_of, deferred


@deferred
def experiment(folder, path, content):
    """The made-up experiment, with other bytes in one of its files (None: without it)."""
    # sacrebleu is not where the record is written.
    from tests import made_up_experiment as made_up

    results = made_up.write(folder / "x")
    file = results / path
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    return [word.replace(str(results), "x") for word in made_up.options(results, results / "explorer.html")]


explorer = cases_of("explorer-", "report.explorer.build_explorer")
MASKS, HYPOTHESES = "masks/baseline/s1/k70.npz", "translations/baseline/s1/test/de-en.txt"
COUNTS, SEGMENTS = "activations/baseline/s1/valid/fr-en.npz", "scores/baseline/s1/test.raw.segments.npz"

CASES: list[Case] = [
    explorer("absent", "a mask file that is missing", experiment(MASKS, None), f"1 files or scores of the explorer are missing, the first: x/{MASKS} (--allow-partial makes tables marked PARTIAL)"),
    explorer("masks", "a text in place of masks", experiment(MASKS, b"units"), f"x/{MASKS}: not a neuronspec-masks-1 file (File is not a zip file); delete it and run the step that writes it again"),
    explorer("counts", "a text in place of counts", experiment(COUNTS, b"counts"), f"x/{COUNTS}: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again"),
    explorer("segments", "nothing in place of the scores of sentences", experiment(SEGMENTS, b""), f"x/{SEGMENTS}: not a segments-1 file (File is not a zip file); delete it and run the step that writes it again"),
    explorer("lines", "hypotheses that are cut off", experiment(HYPOTHESES, b"one line\n"), f"x/{HYPOTHESES} has 1 lines but x/data/text/test/de-en.en.txt has 3"),
    explorer("not-utf8", "hypotheses of other bytes", experiment(HYPOTHESES, b"\xff\n\n\n"), f"x/{HYPOTHESES}, line 1: not UTF-8 at byte 1 of the line; convert the file with iconv"),
]  # fmt: skip
