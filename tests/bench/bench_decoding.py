"""Decoding speed and peak memory: this project's decode step beside stock ``fairseq-generate``, as Markdown.

``run-in fairseq tests.bench.bench_decoding [--sentences N] [--threads N] [--compute-types …]``. Needs
the shared Multi30k checkpoint. Both start from nothing, as a job does: fairseq with its own command line on
binarised text, ours from raw text to raw text. Same model, sentences, beam and threads. CPU
seconds are given beside wall seconds, since other work on the machine adds to the latter.
"""

import argparse
import gzip
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.jobs import SHARED, Took, python, run_once, stage

LANGUAGES = ["en", "de", "fr", "cs"]
SOURCE, TARGET = "en", "de"
BEAM, MAX_LENGTH = 5, 200
BATCH_TOKENS = 4000  # of fairseq

# fairseq's programs as they are, once the adapter has made them importable on this Python.
FAIRSEQ = (
    "import sys, workflow_scripts.models.fairseq.compat; from fairseq_cli.{} import cli_main; cli_main()"
)
PIECES = (
    "import sys, sentencepiece as s; p = s.SentencePieceProcessor(model_file=sys.argv[1]);"
    "[print(*p.encode(line.rstrip('\\n'), out_type=str)) for line in open(sys.argv[2], encoding='utf-8')]"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--compute-types", nargs="+", default=["float32", "int8"])
    arguments = parser.parse_args()
    model, texts = SHARED / "models/multi30k", SHARED / "data/multi30k"
    if not model.is_dir():
        print(f"bench_decoding skipped: no shared model at {model}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as name:
        rows = measure(Path(name), model, texts, arguments)
    print(f"### Decoding {arguments.sentences} sentences, beam {BEAM}, {arguments.threads} threads\n")
    print("| program | wall s | CPU s | peak MB | wall ratio | CPU ratio |\n|---|---|---|---|---|---|")
    first = rows[0][1]
    for label, took in rows:
        ratios = f"{first.wall / took.wall:.1f} | {first.cpu / took.cpu:.1f}"
        print(f"| {label} | {took.wall:.1f} | {took.cpu:.1f} | {took.peak:.0f} | {ratios} |")


def prepare(folder: Path, model: Path, texts: Path, sentences: int) -> None:
    """Write what both sides read: ``text.en`` for ours, ``bin`` for fairseq, and ``system``."""
    subwords, dictionary = model / "spm.model", model / "dict.txt"
    data = folder / "bin"
    for language in (SOURCE, TARGET):
        with gzip.open(texts / f"test_2016_flickr.{language}.gz", "rt", encoding="utf-8") as handle:
            lines = [next(handle) for _ in range(sentences)]
        text = folder / f"text.{language}"
        text.write_text("".join(lines), encoding="utf-8")
        run_once(python("text", "-c", PIECES, subwords, text), log=folder / f"pieces.{language}")
    words = f"-s {SOURCE} -t {TARGET} --testpref {folder}/pieces --destdir {data} --srcdict {dictionary}"
    words += f" --tgtdict {dictionary}"
    run_once(python("fairseq", "-c", FAIRSEQ.format("preprocess"), *words.split()))
    for language in LANGUAGES:
        shutil.copyfile(dictionary, data / f"dict.{language}.txt")
    words = f"-m workflow_scripts.models.import_checkpoint --out {folder}/system"
    words += f" --checkpoint {model}/checkpoint.pt --directions {SOURCE}-{TARGET}"
    words += f" --subwords {subwords} --dictionary {dictionary}"
    run_once(python("fairseq", *words.split()))


def generate(data: Path, checkpoint: Path, languages: Sequence[str], max_length: int) -> list[str]:
    """Return the command of ``fairseq-generate``."""
    words = f"{data} --path {checkpoint} --task translation_multi_simple_epoch --cpu"
    words += f" --langs {','.join(languages)} --lang-pairs {SOURCE}-{TARGET} -s {SOURCE} -t {TARGET}"
    words += f" --encoder-langtok src --decoder-langtok --beam {BEAM} --max-tokens {BATCH_TOKENS}"
    words += f" --max-len-b {max_length} --gen-subset test --remove-bpe sentencepiece"
    return python("fairseq", "-c", FAIRSEQ.format("generate"), *words.split())


def decode(folder: Path, compute_type: str, max_length: int, threads: int = 1) -> list[str]:
    """Return the command of our job, on ``text.en`` and ``system`` of a folder; batches as it likes."""
    words = f"--system {folder}/system --direction {SOURCE}-{TARGET} --source {folder}/text.{SOURCE}"
    words += f" --beam {BEAM} --max-length {max_length} --compute-type {compute_type} --threads {threads}"
    return stage("text", "translate.decode", words, "--out", folder / "out")


def measure(folder: Path, model: Path, texts: Path, arguments: argparse.Namespace) -> list[tuple[str, Took]]:
    """Time one run of each; the first row is fairseq's."""
    prepare(folder, model, texts, arguments.sentences)
    command = generate(folder / "bin", model / "checkpoint.pt", LANGUAGES, MAX_LENGTH)
    took = run_once(command, log=folder / "generate", threads=arguments.threads)
    rows = [("fairseq-generate, float32", took)]
    said = (folder / "generate").read_text(encoding="utf-8").split("\n")
    if (produced := sum(line.startswith("H-") for line in said)) != arguments.sentences:
        raise SystemExit(f"fairseq-generate translated {produced} of {arguments.sentences} sentences")
    for kind in arguments.compute_types:
        command = decode(folder, kind, MAX_LENGTH, arguments.threads)
        rows.append((f"decode, {kind}", run_once(command)))
    return rows


if __name__ == "__main__":
    main()
