"""Folders of tiny encoders with tokenizers of a few words, as hubs have them, and examples for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sentencepiece
import torch
import transformers
from torch import nn

from workflow_scripts.common.labelled_examples import Examples

#: Words of the texts; each is one piece of BERT's tokenizer.
WORDS = ["good", "bad", "north", "south", "one", "two", "three", "the", "a", "of", "house", "tree"]
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 48,
    "initializer_range": 0.2,
}
#: Configuration, model with a head, ids: begin of a text, padding, end, unknown.
KINDS: dict[str, tuple[str, str, tuple[int, int, int, int]]] = {
    "bert": ("BertConfig", "BertForSequenceClassification", (2, 0, 3, 1)),
    "roberta": ("RobertaConfig", "RobertaForSequenceClassification", (0, 1, 2, 3)),
    "xlm-roberta": ("XLMRobertaConfig", "XLMRobertaForSequenceClassification", (0, 1, 2, 3)),
}
CASES = tuple(KINDS)


def tokenizer_files(case: str, folder: Path) -> int:
    """Write a case's tokenizer; return the rows that the embedding needs."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"bert": "BertTokenizer", "roberta": "RobertaTokenizer", "xlm-roberta": "XLMRobertaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": names[case]}))
    if case == "bert":
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "##s"]
        (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
        return len(pieces)
    if case == "roberta":
        letters = sorted(set("".join(WORDS) + "Ġ"))
        pieces, merges = ["<s>", "<pad>", "</s>", "<unk>", *letters], []
        for word in WORDS:
            left = "Ġ"
            for letter in word:
                if f"{left} {letter}" not in merges:
                    merges.append(f"{left} {letter}")
                    pieces.append(left + letter)
                left += letter
        pieces.append("<mask>")
        numbered = {piece: number for number, piece in enumerate(pieces)}
        (folder / "vocab.json").write_text(json.dumps(numbered))
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
        return len(pieces)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(WORDS)] * 50),
        model_prefix=str(folder / "sentencepiece.bpe"),
        vocab_size=len(WORDS) + 30,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "sentencepiece.bpe.vocab").unlink()
    return len(WORDS) + 40


def config_of(case: str, size: int, **more: Any) -> Any:
    """Return a tiny configuration."""
    begin, padding, end, _ = KINDS[case][2]
    ids = {"bos_token_id": begin, "pad_token_id": padding, "eos_token_id": end}
    types = {"type_vocab_size": 2 if case == "bert" else 1}
    return getattr(transformers, KINDS[case][0])(**{"vocab_size": size, **SIZES, **ids, **types, **more})


def with_biases(model: nn.Module, seed: int = 11) -> nn.Module:
    """Draw all biases of a model: with zeros a masked row and a removed unit would be the same."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, one in model.named_parameters():
            if name.endswith("bias"):
                one.normal_(std=0.3, generator=generator)
    return model.eval()


def classifier(case: str, folder: Path, labels: int = 2) -> nn.Module:
    """Write a tiny model of the library with its one head, and its tokenizer; return the model."""
    size = tokenizer_files(case, folder)
    torch.manual_seed(5)
    model = with_biases(getattr(transformers, KINDS[case][1])(config_of(case, size, num_labels=labels)))
    model.save_pretrained(folder)
    return model


def examples(count: int = 12, pairs: bool = False) -> Examples:
    """Return examples of 1 to 5 words, of the labels ``no`` and ``yes`` in turn."""
    texts = [" ".join(WORDS[(3 * n + k) % len(WORDS)] for k in range(1 + n % 5)) for n in range(count)]
    both = [(one, texts[-1 - n]) if pairs else (one,) for n, one in enumerate(texts)]
    return Examples(both, [("no", "yes")[n % 2] for n in range(count)])
