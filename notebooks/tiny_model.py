"""The tour's model: English into four invented languages of two families, in the form that hubs have.

Every English word has one word in each language. Two languages of a family share half of their words.
``python tiny_model.py FOLDER`` trains it again, in minutes.
"""

import json
import random
import sys
from pathlib import Path

import sentencepiece
import torch
import transformers

FAMILIES = {"north": ("na", "ne"), "south": ("sa", "so")}
LANGUAGES = [language for members in FAMILIES.values() for language in members]
#: Each language's token: M2M-100's tokenizer knows those of a hundred real languages.
TAGS = {"en": "__en__", "na": "__nl__", "ne": "__de__", "sa": "__es__", "so": "__it__"}
WORDS = 40
#: Tokens behind the pieces: a hundred languages, and eight that the library makes up.
MORE = 108
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
CONFIG = {
    "d_model": 64, "encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "activation_function": "relu", "dropout": 0.1,
    "attention_dropout": 0.0, "encoder_layerdrop": 0.0, "decoder_layerdrop": 0.0,
    "max_position_embeddings": 64, "decoder_start_token_id": 2,
}  # fmt: skip


def _lexicons(draw: random.Random) -> dict[str, list[str]]:
    """Return the words of each language, in the order of their meanings; no two words are spelt alike."""
    spellings = iter(draw.sample([a + b for a in SYLLABLES for b in SYLLABLES], 7 * WORDS))
    lexicons = {"en": [next(spellings) for _ in range(WORDS)]}
    for members in FAMILIES.values():
        shared = [next(spellings) for _ in range(WORDS // 2)]
        for language in members:
            lexicons[language] = [*shared, *(next(spellings) for _ in range(WORDS - len(shared)))]
    return lexicons


def text(count: int, seed: int) -> dict[str, list[str]]:
    """Return parallel sentences of 2 to 6 words in English and all languages; one language for all seeds."""
    lexicons, draw = _lexicons(random.Random(1)), random.Random(seed)
    meanings = [draw.sample(range(WORDS), draw.randint(2, 6)) for _ in range(count)]
    return {
        language: [" ".join(words[one] for one in sentence) for sentence in meanings]
        for language, words in lexicons.items()
    }


def _tokenizer(folder: Path) -> transformers.PreTrainedTokenizerBase:
    pieces = [f"▁{word}" for words in _lexicons(random.Random(1)).values() for word in words]
    lines = [line for lines in text(300, 0).values() for line in lines]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / "m"), model_type="word",
        vocab_size=3 + len(set(pieces)), normalization_rule_name="identity", minloglevel=2,
    )  # fmt: skip
    (folder / "m.model").rename(folder / "sentencepiece.bpe.model")
    (folder / "m.vocab").unlink()
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *dict.fromkeys(pieces)]
    (folder / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(vocabulary)}))
    settings = {"tokenizer_class": "M2M100Tokenizer", "src_lang": "en", "tgt_lang": "de"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return transformers.AutoTokenizer.from_pretrained(str(folder))


def make(folder: str | Path, updates: int = 1500) -> None:
    """Train the model (minutes of one core), and write its weights and tokenizer to ``folder``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(folder)
    torch.manual_seed(1)
    size = len(json.loads((folder / "vocab.json").read_text())) + MORE
    model = transformers.M2M100ForConditionalGeneration(transformers.M2M100Config(vocab_size=size, **CONFIG))
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    lines, draw = text(3000, 1), random.Random(2)
    tags = {language: tokenizer.convert_tokens_to_ids(tag) for language, tag in TAGS.items()}
    ids = {
        language: [
            [tags[language], *one, end]
            for one in tokenizer(lines[language], add_special_tokens=False)["input_ids"]
        ]
        for language in lines
    }

    def batch(rows: list[list[int]], fill: int) -> torch.Tensor:
        longest = max(map(len, rows))
        return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])

    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98))
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: min((n + 1) / 100, (updates - n) / updates * 1.2)
    )
    model.train()
    for number in range(updates):
        chosen = draw.sample(range(len(lines["en"])), 16)
        source = batch([ids["en"][n] for _ in LANGUAGES for n in chosen], pad)
        target = batch([ids[language][n] for language in LANGUAGES for n in chosen], -100)
        loss = model(input_ids=source, attention_mask=(source != pad).long(), labels=target).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        rates.step()
        if number % 100 == 99:
            print(f"{number + 1} updates: loss {loss.item():.2f}", flush=True)
    model.eval().half().save_pretrained(folder)


if __name__ == "__main__":
    make(sys.argv[1])
