"""Text in and out for decoding, and what a network computes with, of a system whose network is not loaded."""

from collections.abc import Sequence
from typing import Any

from workflow_scripts.models.huggingface.families import longest_of, output_scale_of
from workflow_scripts.models.huggingface.folder import configured
from workflow_scripts.models.huggingface.tokens import Text, text_of
from workflow_scripts.units.sequences import Computing, Sequences, Symbols
from workflow_scripts.units.system import SystemFolder


class Codec:
    """One direction: lines of text to pieces and back. A piece is the tokenizer's symbol of an id."""

    def __init__(self, text: Text, config: Any, direction: str) -> None:
        """Take a model's tokenizer and its configuration; UserError for a language without a tag."""
        self._text, self._direction = text, direction
        source, target = self._text.symbols
        self._source, self._ids = source, {symbol: row for row, symbol in enumerate(target)}
        prefix = self._text.prefix(direction)
        self.sequences = Sequences(
            symbols=Symbols(
                source,
                target,
                start=target[self._text.start],
                end=target[self._text.end],
                unknown=target[self._text.unknown],
            ),
            before=tuple(source[one] for one in self._text.before(direction)),
            prefix=None if prefix is None else target[prefix],
            padding=target[self._text.padding],
            markers=frozenset(target[one] for one in self._text.markers if one < len(target)),
            positions=longest_of(config),
            # CTranslate2 ends a target right behind its prefix only if that is the first choice.
            shortest=1 if prefix is None else 2,
        )
        self.computing = Computing(
            scale_embeddings=bool(getattr(config, "scale_embedding", False)),
            output_scale=output_scale_of(config),
            epsilon=getattr(config, "layer_norm_epsilon", 1e-5),
            head_size=getattr(config, "d_kv", 0),
            distance=getattr(config, "relative_attention_max_distance", 0),
            # The row behind that of padding, where padding has one.
            first_position=config.pad_token_id + 1 if config.model_type == "m2m_100" else 0,
        )

    def encode(self, line: str) -> list[str]:
        """Return the pieces of a line; of an empty one none, also where text is put before it."""
        if not line.strip():
            return []
        return [self._source[one] for one in self._text.text_ids(self._direction, [line])[0]]

    def decode(self, pieces: Sequence[str]) -> str:
        """Return the text of a translation's pieces."""
        return self._text.decoded([self._ids[piece] for piece in pieces])


def codec_of(system: SystemFolder, direction: str) -> Codec:
    """Return a direction of a system, whose tokenizer is loaded; UserError as ``Text``."""
    family, config = configured(system.folder)
    return Codec(text_of(system, family, config), config, direction)
