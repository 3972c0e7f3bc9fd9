"""Outputs of three systems, and the command on them."""

from tests.unit.report.made import csv_rows
from workflow_scripts.evaluate.evaluate_outputs import main

WORDS = ["ein", "haus", "steht", "am", "see", "und", "der", "hund", "schläft"]
REFERENCES = [" ".join(WORDS[(i + j) % len(WORDS)] for j in range(5 + i % 4)) for i in range(40)]
#: Of every second line the last word is missing.
WORSE = [line.rsplit(" ", 1)[0] if i % 2 else line for i, line in enumerate(REFERENCES)]
OUTPUTS = {"old": WORSE, "new": REFERENCES, "same": WORSE}


class At:
    """Files in a folder, the command on them, and what it wrote and said."""

    def __init__(self, folder, capture):
        self.folder, self.capture = folder, capture

    def lines(self, name, lines):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def lay(self, *directions):
        for direction in directions or ("de-en", "en-de"):
            self.lines(f"{direction}/ref.txt", REFERENCES)
            for system, lines in OUTPUTS.items():
                self.lines(f"{system}/{direction}.hyp", lines)

    def run(self, *more, hypotheses="{system}/{direction}.hyp", references="{direction}/ref.txt", out="out"):
        given = ["--hypotheses", f"{self.folder}/{hypotheses}", "--out", f"{self.folder}/{out}"]
        given += ["--references", f"{self.folder}/{references}"] if references else []
        self.capture.readouterr()
        main([*given, "--resamples", "200", "--processes", "1", *more])
        self.said = self.capture.readouterr().err.replace(f"{self.folder}/", "").splitlines()
        return [line.removeprefix("note: ") for line in self.said if line.startswith("note: ")]

    def rows(self, table, out="out"):
        return csv_rows(self.folder / out / f"{table}.csv")

    def of(self, column, table="scores", out="out"):
        return {row[column] for row in self.rows(table, out)}

    def text(self, name, out="out"):
        return (self.folder / out / name).read_text(encoding="utf-8")
