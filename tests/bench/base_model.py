"""A base-size model with random weights, as stock fairseq saves it and as a system, and real text for it.

``run-in fairseq tests.bench.base_model OUT SENTENCES``, which reads NTREX. In OUT: ``checkpoint.pt``,
of fairseq's own trainer (512/2048, 6+6 layers, float32); ``spm.model`` and ``dict.txt``, 8,000 subwords
of five languages; ``bin``, the first sentences binarised as `valid` and as `test`, in fairseq's format;
``text.{language}``, them as text; ``system``, the checkpoint imported; ``lengths.json``, the real
positions of each language's sentences with their tag and end.
"""

import gzip
import io
import json
import sys
from pathlib import Path

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import sentencepiece
import torch
from fairseq import options
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from fairseq.tasks import setup_task
from fairseq.trainer import Trainer

from tests.bench.jobs import SHARED
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.import_checkpoint import import_fairseq_checkpoint

PIVOT, OTHERS = "en", ("de", "fr", "es", "cs")
LANGUAGES = (PIVOT, *OTHERS)
DIRECTIONS = (*(f"{PIVOT}-{one}" for one in OTHERS), *(f"{one}-{PIVOT}" for one in OTHERS))
SYMBOLS = 8000
TAG_AND_END = 2


def write_text(out: Path, sentences: int) -> None:
    """Train subwords on all text; write the first sentences, plain and binarised."""
    texts = {}
    for language in LANGUAGES:
        lines = gzip.decompress((SHARED / f"data/ntrex/{language}.txt.gz").read_bytes()).decode().splitlines()
        texts[language] = lines
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for lines in texts.values() for line in lines if line]),
        model_writer=model, vocab_size=SYMBOLS, model_type="bpe", character_coverage=1.0, num_threads=1,
        minloglevel=1,
    )  # fmt: skip
    (out / "spm.model").write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    symbols = [
        pieces.id_to_piece(n)
        for n in range(len(pieces))
        if not (pieces.is_control(n) or pieces.is_unknown(n))
    ]
    dictionary = "".join(f"{symbol} 100\n" for symbol in symbols)
    ids = {symbol: number for number, symbol in enumerate(symbols, start=4)}
    (out / "bin").mkdir()
    lengths = {}
    for language, lines in texts.items():
        lines = lines[:sentences]
        rows = [[*(ids.get(piece, 3) for piece in row), 2] for row in pieces.encode(lines, out_type=str)]
        lengths[language] = sum(map(len, rows)) + len(rows)  # the tag; the end is in the rows
        (out / f"text.{language}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (out / f"bin/dict.{language}.txt").write_text(dictionary, encoding="utf-8")
        for other in OTHERS if language == PIVOT else (language,):
            for subset in ("train", "valid", "test"):
                write_dataset(out / f"bin/{subset}.{PIVOT}-{other}.{language}", rows, len(symbols) + 4)
    (out / "dict.txt").write_text(dictionary, encoding="utf-8")
    (out / "lengths.json").write_text(json.dumps(lengths), encoding="utf-8")


def write_checkpoint(out: Path) -> None:
    """Save an untrained model by fairseq's own trainer."""
    words = f"{out}/bin --task translation_multi_simple_epoch --langs {','.join(LANGUAGES)} --lang-pairs"
    words += (
        f" {','.join(DIRECTIONS)} --encoder-langtok src --decoder-langtok --arch transformer --dropout 0.1"
    )
    words += (
        " --share-all-embeddings --encoder-normalize-before --decoder-normalize-before --cpu --optimizer adam"
    )
    words += " --criterion label_smoothed_cross_entropy --label-smoothing 0.1 --max-tokens 4000 --seed 1"
    words += " --no-save-optimizer-state --lr 5e-4"
    arguments = options.parse_args_and_arch(options.get_training_parser(), input_args=words.split())
    config = convert_namespace_to_omegaconf(arguments)
    torch.manual_seed(1)
    task = setup_task(config.task)
    trainer = Trainer(config, task, task.build_model(config.model), task.build_criterion(config.criterion))
    trainer.save_checkpoint(f"{out}/checkpoint.pt", {"train_iterator": {"epoch": 1}})


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    write_text(out, int(sys.argv[2]))
    write_checkpoint(out)
    import_fairseq_checkpoint(
        out / "checkpoint.pt", out / "spm.model", out / "dict.txt", out / "system",
        system="bench", seed=1, directions=DIRECTIONS,
    )  # fmt: skip


if __name__ == "__main__":
    main()
