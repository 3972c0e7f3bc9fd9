"""The page on encoders, as a reader runs it: on tiny tables, with a tiny encoder and fewer updates."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.unit.models.huggingface.encoders.planted import FILLERS, SAYS, planted_examples

PAGE = Path(__file__).resolve().parents[5] / "docs/how-to/encoders.md"
#: What is smaller here.
SMALLER = {
    "longest=256": "longest=16",
    "max_updates=1000": "max_updates=10",
    "l1=[1e-3, 1e-2], l2=[1e-3]": "seeds=[1], controls=0, agreement=False, l1=[0.1], l2=[0.1]",
}
NEWS = ["news1-sentence1", "news1-sentence2", "news2-sentence1", "news2-sentence2"]


def tables(folder: Path) -> None:
    for part, count, seed in (("train", 32, 1), ("test", 24, 2)):
        both = planted_examples("colour", count, seed), planted_examples("number", count, seed)
        single = zip(both[0].texts, both[0].labels, strict=True)
        pairs = zip(*(one.texts for one in both), both[1].labels, strict=True)
        for name, rows in (
            ("sst2", [("sentence", "label"), *((text, label) for (text,), label in single)]),
            ("stsb", [("sentence1", "sentence2", "score"), *((a, b, c) for (a,), (b,), c in pairs)]),
        ):
            (folder / name).mkdir(exist_ok=True)
            lines = ["\t".join(row) for row in rows]
            (folder / f"{name}/{part}.tsv").write_text("\n".join(lines) + "\n")
    rows = [["label", *NEWS], ["same", "a", "b", "c", "d"], ["different", "a", "b", "e", "f"]]
    (folder / "pairs.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    of = {**dict.fromkeys(FILLERS, "DET"), **{word: "NOUN" for says in SAYS.values() for word in says}}
    blocks = []
    for (text,) in planted_examples("colour", 40, 3).texts:
        words = enumerate(text.split(), start=1)
        blocks.append("".join(f"{n}\t{one}\t_\t{of[one]}\t_\t_\t0\troot\t_\t_\n" for n, one in words))
    (folder / "en.conllu").write_text("\n".join(blocks) + "\n")


def test_the_page_runs_from_top_to_bottom(planted, tmp_path, monkeypatch):
    tables(tmp_path)
    shutil.copytree(planted, tmp_path / "roberta-base")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S))
    for large, small in SMALLER.items():
        assert code.count(large) == 1, large
        code = code.replace(large, small)
    space: dict[str, object] = {}
    exec(compile(code, str(PAGE), "exec"), space)
    assert space["topics"].texts[0] == ("a - b", "c - d")
    assert [one.metric for one in space["specs"]] == ["f1", "spearman"]
    assert space["found"]["from"] == 9
    assert "sst2: f1, n = 24; stsb: spearman, n = 24" in (tmp_path / "pruned.md").read_text()
    shift = (tmp_path / "shift.md").read_text()
    assert "upos, baseline" in shift and "upos, trained" in shift
