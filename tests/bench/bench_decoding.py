"""Decoding speed and peak memory: this project's decode step beside stock ``fairseq-generate``, as Markdown.

``run-in fairseq tests.bench.bench_decoding [--sentences N] [--threads N] [--compute-types …]``. Needs
the shared Multi30k checkpoint. Both start from nothing, as a job does: fairseq with its own command line on
binarised text, ours from raw text to raw text. Same model, sentences, beam, tokens per batch and threads. CPU
seconds are given beside wall seconds, since other work on the machine adds to the latter.
"""

import argparse
import gzip
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENVS = Path(os.environ.get("NEURONSPEC_VENVS") or ROOT / ".venvs")
SHARED = Path(os.environ.get("NEURONSPEC_SHARED") or ROOT.parent / "shared")
LANGUAGES = ["en", "de", "fr", "cs"]
SOURCE, TARGET = "en", "de"
BEAM, BATCH_TOKENS, MAX_LENGTH = "5", "4000", "200"

# fairseq's programs as they are, once the adapter has made them importable on this Python.
FAIRSEQ = (
    "import sys, workflow_scripts.models.fairseq.compat; from fairseq_cli.{} import cli_main; cli_main()"
)
PIECES = (
    "import sys, sentencepiece as s; p = s.SentencePieceProcessor(model_file=sys.argv[1]);"
    "[print(*p.encode(line.rstrip('\\n'), out_type=str)) for line in open(sys.argv[2], encoding='utf-8')]"
)


def python(environment: str) -> str:
    return str(VENVS / environment / "bin/python")


def run(command: list[str], threads: int, log: Path) -> tuple[float, float, float]:
    """Run a command; return wall seconds, CPU seconds and peak memory in MB."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads)}
    started = time.perf_counter()
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as errors:
        process = os.posix_spawn(
            command[0],
            command,
            variables,
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)],
        )
        _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"failed: {' '.join(command)[:200]}\n{log.with_suffix('.err').read_text()[-3000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


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
    _, wall, cpu, _ = rows[0]
    for label, seconds, cpu_seconds, peak in rows:
        ratios = f"{wall / seconds:.1f} | {cpu / cpu_seconds:.1f}"
        print(f"| {label} | {seconds:.1f} | {cpu_seconds:.1f} | {peak:.0f} | {ratios} |")


def measure(
    folder: Path, model: Path, texts: Path, arguments: argparse.Namespace
) -> list[tuple[str, float, float, float]]:
    """Prepare both sides' inputs, then time one run of each; the first row is fairseq's."""
    threads, log = arguments.threads, folder / "log"
    for language in (SOURCE, TARGET):
        with gzip.open(texts / f"test_2016_flickr.{language}.gz", "rt", encoding="utf-8") as handle:
            lines = [next(handle) for _ in range(arguments.sentences)]
        (folder / f"text.{language}").write_text("".join(lines), encoding="utf-8")
        run(
            [python("text"), "-c", PIECES, str(model / "spm.model"), str(folder / f"text.{language}")], 1, log
        )
        shutil.copyfile(log, folder / f"pieces.{language}")
    data, dictionary = folder / "bin", str(model / "dict.txt")
    options = ["-s", SOURCE, "-t", TARGET, "--testpref", str(folder / "pieces"), "--destdir", str(data)]
    run(
        [python("fairseq"), "-c", FAIRSEQ.format("preprocess"), *options]
        + ["--srcdict", dictionary, "--tgtdict", dictionary],
        1,
        log,
    )
    for language in LANGUAGES:
        shutil.copyfile(dictionary, data / f"dict.{language}.txt")
    system = folder / "system"
    run(
        [python("fairseq"), "-m", "workflow_scripts.models.import_checkpoint", "--out", str(system)]
        + ["--checkpoint", str(model / "checkpoint.pt"), "--directions", f"{SOURCE}-{TARGET}"]
        + ["--subwords", str(model / "spm.model"), "--dictionary", dictionary],
        1,
        log,
    )
    generate = [python("fairseq"), "-c", FAIRSEQ.format("generate"), str(data)]
    generate += ["--path", str(model / "checkpoint.pt"), "--task", "translation_multi_simple_epoch"]
    generate += ["--langs", ",".join(LANGUAGES), "--lang-pairs", f"{SOURCE}-{TARGET}", "--cpu"]
    generate += ["-s", SOURCE, "-t", TARGET, "--encoder-langtok", "src", "--decoder-langtok"]
    generate += ["--beam", BEAM, "--max-tokens", BATCH_TOKENS, "--max-len-b", MAX_LENGTH]
    generate += ["--gen-subset", "test", "--remove-bpe", "sentencepiece"]
    rows = [("fairseq-generate, float32", *run(generate, threads, folder / "generate"))]
    produced = [
        line
        for line in (folder / "generate").read_text(encoding="utf-8").split("\n")
        if line.startswith("H-")
    ]
    if len(produced) != arguments.sentences:
        raise SystemExit(f"fairseq-generate translated {len(produced)} of {arguments.sentences} sentences")
    decode = [python("text"), "-m", "workflow_scripts.translate.decode", "--system", str(system)]
    decode += ["--direction", f"{SOURCE}-{TARGET}", "--source", str(folder / f"text.{SOURCE}")]
    decode += ["--beam", BEAM, "--batch-tokens", BATCH_TOKENS, "--max-length", MAX_LENGTH]
    for kind in arguments.compute_types:
        extra = ["--compute-type", kind, "--threads", str(threads), "--out", str(folder / f"out.{kind}")]
        rows.append((f"decode, {kind}", *run(decode + extra, 1, log)))
    return rows


if __name__ == "__main__":
    main()
