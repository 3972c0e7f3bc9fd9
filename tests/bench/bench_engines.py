"""CTranslate2 against fairseq's generator on whole test sets, every direction, as Markdown on stdout.

``run-in fairseq tests.bench.bench_engines [--sentences N] [--directions …] [--threads N]``. Needs the shared
Multi30k checkpoint. Equal: the share of hypotheses that are fairseq's own, with fairseq's ranking applied to
CTranslate2's final beam and natively. The test of the same claim (tests/system) takes 200 sentences.
"""

import argparse
import gzip
import os
import sys
import tempfile
from pathlib import Path

from sacrebleu.metrics import BLEU

from tests.bench.jobs import SHARED, python, run_once

DIRECTIONS = ["en-de", "en-fr", "en-cs", "de-en", "fr-en", "cs-en"]
#: Column → (environment, engine, ranking).
WAYS = {
    "fairseq": ("fairseq", "fairseq", "native"),
    "ranked": ("text", "ctranslate2", "fairseq"),
    "native": ("text", "ctranslate2", "native"),
}


def equal(found: list[str], expected: list[str]) -> float:
    return 100 * sum(a == b for a, b in zip(found, expected, strict=True)) / len(expected)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--directions", nargs="+", default=DIRECTIONS)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    model = SHARED / "models/multi30k"
    if not model.is_dir():
        print(f"bench_engines skipped: no shared model at {model}", file=sys.stderr)
        return
    print(f"### Engines on {arguments.sentences} sentences, beam 5, float32\n")
    print("| direction | equal, ranked % | equal, native % | BLEU fairseq | BLEU ranked | BLEU native |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = (
            f"--checkpoint {model}/checkpoint.pt --subwords {model}/spm.model --dictionary {model}/dict.txt"
        )
        words = f"-m workflow_scripts.models.import_checkpoint {words} --out {folder}/system --directions"
        run_once(python("fairseq", *words.split(), *DIRECTIONS))
        for direction in arguments.directions:
            for language, file in zip(direction.split("-"), ("source", "references"), strict=True):
                text = SHARED / f"data/multi30k/test_2016_flickr.{language}.gz"
                with gzip.open(text, "rt", encoding="utf-8", newline="\n") as handle:
                    lines = [next(handle) for _ in range(arguments.sentences)]
                (folder / file).write_text("".join(lines), encoding="utf-8")
            references = [line.rstrip("\r\n") for line in lines]
            found: dict[str, list[str]] = {}
            for way, (environment, engine, ranking) in WAYS.items():
                words = (
                    f"-m workflow_scripts.translate.decode --system {folder}/system --direction {direction}"
                )
                words += (
                    f" --source {folder}/source --out {folder}/{way} --engine {engine} --ranking {ranking}"
                )
                words += f" --threads {arguments.threads}"
                run_once(python(environment, *words.split()), threads=arguments.threads)
                found[way] = (folder / way).read_text(encoding="utf-8").split("\n")[:-1]
            shares = " | ".join(f"{equal(found[way], found['fairseq']):.1f}" for way in ("ranked", "native"))
            scores = " | ".join(f"{BLEU().corpus_score(found[way], [references]).score:.2f}" for way in WAYS)
            print(f"| {direction} | {shares} | {scores} |", flush=True)


if __name__ == "__main__":
    main()
