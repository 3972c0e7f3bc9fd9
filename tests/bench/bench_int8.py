"""int8 against float32 on Multi30k: BLEU and equal translations, by weights and instructions, as Markdown.

``run-in fairseq tests.bench.bench_int8 [--sentences N] [--directions …]``. Needs the shared Multi30k
checkpoint. CTranslate2's own weights go to 127. With them oneDNN saturates on CPUs without VNNI; MKL did not
on an AMD CPU.
"""

import argparse
import gzip
import sys
import tempfile
from pathlib import Path

from sacrebleu.metrics import BLEU

from tests.bench.bench_engines import equal
from tests.bench.jobs import SHARED, python, run_once

OWN = (
    "import sys; from workflow_scripts.translate import ctranslate2_engine, decode;"
    "ctranslate2_engine.quantise_weights = lambda spec: None; decode.main(sys.argv[1:])"
)
OURS = ["-m", "workflow_scripts.translate.decode"]
#: Row → (what Python runs, compute type, of MKL).
WAYS = {
    "float32": (OURS, "float32", ""),
    "int8, weights to 64": (OURS, "int8", ""),
    "int8, weights to 64, MKL": (OURS, "int8", "1"),
    "int8, weights to 127": (["-c", OWN], "int8", ""),
    "int8, weights to 127, MKL": (["-c", OWN], "int8", "1"),
}


def instructions() -> str:
    """Of this CPU, those that int8 depends on."""
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return ", ".join(name for name in ("avx2", "avx512f", "avx_vnni", "avx512_vnni") if name in flags)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--directions", nargs="+", default=["en-de"])
    arguments = parser.parse_args()
    model = SHARED / "models/multi30k"
    if not model.is_dir():
        print(f"bench_int8 skipped: no shared model at {model}", file=sys.stderr)
        return
    print(f"### int8 on {arguments.sentences} sentences, beam 5 ({instructions()})\n")
    print("| direction | products | BLEU | equal to float32 % | CPU s |\n|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = (
            f"-m workflow_scripts.models.import_checkpoint --checkpoint {model}/checkpoint.pt --directions"
        )
        words += (
            f" {' '.join(arguments.directions)} --subwords {model}/spm.model --dictionary {model}/dict.txt"
        )
        run_once(python("fairseq", *words.split(), "--out", folder / "system"))
        for direction in arguments.directions:
            for language, file in zip(direction.split("-"), ("source", "references"), strict=True):
                text = SHARED / f"data/multi30k/test_2016_flickr.{language}.gz"
                with gzip.open(text, "rt", encoding="utf-8", newline="\n") as handle:
                    lines = [next(handle) for _ in range(arguments.sentences)]
                (folder / file).write_text("".join(lines), encoding="utf-8")
            references = [line.rstrip("\r\n") for line in lines]
            first: list[str] = []
            for way, (program, compute_type, mkl) in WAYS.items():
                words = f"--system {folder}/system --direction {direction} --source {folder}/source"
                words += f" --out {folder}/out --compute-type {compute_type}"
                command = python("text", *program, *words.split())
                took = run_once(["/usr/bin/env", f"CT2_USE_MKL={mkl}", *command] if mkl else command)
                found = (folder / "out").read_text(encoding="utf-8").split("\n")[:-1]
                first = first or found
                bleu = BLEU().corpus_score(found, [references]).score
                print(
                    f"| {direction} | {way} | {bleu:.2f} | {equal(found, first):.1f} | {took.cpu:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
