"""A loaded model in Python: counts of its units, losses, translations, and masks laid on it for a block."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.api.extras import needs
from workflow_scripts.api.texts import Lines, lines_of, parallel
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.activity import facts, in_words, parse_rule
from workflow_scripts.units.description import PORTS
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import POSITIONS, ScoreTable
from workflow_scripts.units.space import STACKS, UnitSpace
from workflow_scripts.units.system import SystemFolder

if TYPE_CHECKING:
    from workflow_scripts.models.port import Port, Task, TextIds

#: Positions of a batch for losses, padding included. Larger batches are not faster on a CPU.
BATCH_TOKENS = 4096


class Model:
    """A loaded model, as ``attach`` and ``load`` return it.

    A direction is named ``de-en``. A text is a list of lines, or the path of a UTF-8 file of one sentence a
    line; sentences longer than the model's positions are left out.
    """

    def __init__(
        self, port: "Port", text: "TextIds", weights_sha256: str | None, system: SystemFolder | None
    ) -> None:
        self._port, self._text, self._sha256, self._system = port, text, weights_sha256, system
        self._masks: tuple[Any, str | None] | None = None

    @property
    def weights_sha256(self) -> str:
        """The hash of the weights, by which masks know their model; UserError where directions have weights
        of their own."""
        return self._system.weights_sha256 if self._system is not None else str(self._sha256)

    def units(self, kinds: Collection[str] = ("ffn",)) -> UnitSpace:
        """Return the model's units.

        Args:
            kinds: any of ``ffn`` (neurons), ``head`` (attention heads) and ``resid`` (residual dimensions).

        Raises:
            UserError: units that such a model does not have.
        """
        return self._port.space(kinds)

    def counts(self, texts: Mapping[str, tuple[Lines, Lines]], *, rule: str = "sign") -> ScoreTable:
        """Count at how many positions each FFN neuron is active, int64 [directions, units].

        Padding is not counted. In a block of ``intervene`` the counts are those of the masked model.

        Args:
            texts: direction -> (source, target), which the decoder reads as it would have to write it.
            rule: ``sign`` (active above 0; of a gated FFN where its gate is), ``threshold:0.1``, ``nonzero``.

        Raises:
            UserError: an unknown direction or rule, a missing file, or sides of unequal length.
        """
        from workflow_scripts.activations.count_activations import count_direction

        by = parse_rule(rule, self._port.activation)
        if not texts:
            raise UserError("counts: there are no texts; give {direction: (source, target)}")
        rows: list[NDArray[np.int64]] = []
        positions: dict[str, dict[str, int]] = {}
        hashes: dict[str, str] = {}
        for direction, sides in texts.items():
            lines = parallel(direction, *sides)
            with self._laid(direction, whole=True):
                found, tally = count_direction(self._port, self._task(direction, *lines), rule=by)
            rows.append(found.numpy())
            counted = tally.source_positions, tally.target_positions
            positions[direction] = dict(zip(STACKS, counted, strict=True))
            hashes[direction] = hashlib.sha256(
                "\0".join("\n".join(side) for side in lines).encode()
            ).hexdigest()
        masked = ", under masks" if self._masks is not None else ""
        metadata = {
            "counting": f"pads excluded{in_words(by, self._port.activation)}{masked}",
            **facts(by, self._port.activation),
            "weights_sha256": self.weights_sha256,
            "data_sha256": hashes,
            POSITIONS: positions,
        }
        return ScoreTable(texts, np.stack(rows), self._port.space(), metadata, "counts")

    def log_likelihoods(self, direction: str, source: Lines, target: Lines) -> NDArray[np.float64]:
        """Return the log-likelihood of each target given its source, float64 [sentences], in nats.

        ``</s>`` counts, a language's tag does not. NaN: the sentence is too long for the model.

        Raises:
            UserError: an unknown direction, a missing file, or sides of unequal length.
        """
        return self._likelihoods(direction, source, target)[0]

    def loss(self, direction: str, source: Lines, target: Lines) -> float:
        """Return the loss of the targets given their sources, in nats per token; ``exp`` of it is perplexity.

        ``</s>`` counts as a token, a language's tag does not.

        Raises:
            UserError: as ``log_likelihoods``, or all sentences are too long.
        """
        sums, tokens = self._likelihoods(direction, source, target)
        return float(-np.nansum(sums) / tokens.sum())

    def translate(
        self,
        direction: str,
        sentences: Lines,
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        max_length: int = 200,
    ) -> list[str]:
        """Return the translation of each sentence, by the model's own library.

        Of a whole test set ``decode`` (docs/how-to/translate.md) is faster.

        Args:
            direction: such as ``en-de``.
            sentences: a list of lines, or a file; an empty one stays empty, one longer than the model's
                positions is cut.
            beam: hypotheses that are kept.
            length_penalty: exponent of the length that a hypothesis's score is divided by.
            max_length: most tokens of a translation.

        Raises:
            UserError: an unknown direction, a missing file, or a value out of range.
        """
        from workflow_scripts.models.port import TextPort, generating
        from workflow_scripts.translate.codecs import Codec, codec_of
        from workflow_scripts.translate.decoding_options import DecodingOptions
        from workflow_scripts.translate.live_engine import PortEngine
        from workflow_scripts.translate.pipeline import Progress, translate_lines

        lines = lines_of(sentences, f"{split_direction(direction)[0]} of {direction}")
        if not any(line.strip() for line in lines):
            return [""] * len(lines)
        options = DecodingOptions(beam=beam, length_penalty=length_penalty, max_length=max_length)
        if self._system is None:
            codec: Codec = cast(TextPort, self._port).codec(direction)
        else:
            codec = codec_of(self._system, direction)
        engine = PortEngine(generating(self._port, "translate"), codec, options)
        with self._laid(direction):
            return list(translate_lines(lines, codec, engine, codec.sequences.positions, Progress()))

    @contextmanager
    def intervene(
        self, masks: MaskTable, *, row: str | None = None, gate: str | None = None
    ) -> Iterator[None]:
        """Lay masks on the model for the block: what it computes there is without the units they leave out.

        Args:
            masks: of this model's units. Each direction has the row of its name.
            row: the row of all directions instead.
            gate: what becomes of units that are left out, if not what ``masks`` say: ``zero`` removes them,
                ``row`` leaves an FFN neuron the constant of its bias, ``scale:0.5`` halves them
                (docs/explanation/ports.md).

        Raises:
            UserError: masks of another model, without the row, or in a block of another ``intervene``; a gate
                that such units cannot have.
        """
        if self._masks is not None:
            raise UserError("intervene: masks lie on the model already; end that block first")
        if row is not None:
            masks.row(row)
        made_from = masks.manifest["weights_sha256"]
        masks.check_model(self._port.space(masks.space.kinds), made_from and self.weights_sha256)
        gates = None if gate is None else dict.fromkeys(map(str, masks.space.kinds), gate)
        self._masks = self._port.intervene(masks, gates), row
        try:
            yield
        finally:
            self._masks = None

    def _likelihoods(
        self, direction: str, source: Lines, target: Lines
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        from workflow_scripts.likelihood.of_task import log_likelihoods

        sources, targets = parallel(direction, source, target)
        task = self._task(direction, sources, targets)
        with self._laid(direction):
            return log_likelihoods(self._port, task, len(sources), BATCH_TOKENS)

    def _task(self, direction: str, sources: Sequence[str], targets: Sequence[str]) -> "Task":
        if self._system is not None:
            self._system.mask_row(direction)  # an unknown one is refused
        ids = self._text.source_text(direction, sources), self._text.target_text(direction, targets)
        return self._port.pairs(direction, split_direction(direction), list(zip(*ids, strict=True)))

    @contextmanager
    def _laid(self, direction: str, whole: bool = False) -> Iterator[None]:
        """Lay what the system has for a direction on the model, and the masks of a block of ``intervene``.
        ``whole``: refuse a system that has masks of its own there, as ``intervene`` does."""
        with ExitStack() as stack:
            if self._system is not None:
                if whole or self._masks is not None:
                    self._system.check_whole(direction)
                stack.enter_context(self._port.direction(direction))
            if self._masks is not None:
                gates, row = self._masks
                stack.enter_context(gates.use(row or direction))
            yield


def attach(
    folder: str | Path,
    *,
    tags: Mapping[str, str | None] | None = None,
    prefixes: Mapping[str, str] | None = None,
    device: str | None = None,
) -> Model:
    """Load a model's folder, as a hub has it: Marian, M2M-100, NLLB-200, mBART-50, T5, mT5 or MADLAD.

    Nothing is fetched, and no code of the folder is run. Needs the extra ``hf``.

    Args:
        folder: with ``config.json``, weights (safetensors or ``pytorch_model.bin``), a tokenizer.
        tags: language -> its token in the vocabulary, as ``{"de": "deu_Latn"}``; None for a target that has
            none. Models of one direction without tags need none.
        prefixes: direction -> text that is put before its sources, for T5.
        device: such as ``cpu``; by default the GPU where there is one.

    Raises:
        UserError: the extra is missing, the folder holds no such model, files are damaged or do not fit, or
            a tag is unknown to the tokenizer.
    """
    with needs("hf", "attach"):
        from workflow_scripts.models.attached import open_folder
    port, sha256 = open_folder(Path(folder), tags or {}, prefixes or {}, device)
    return Model(port, port, sha256, None)


def load(folder: str | Path, *, device: str | None = None) -> Model:
    """Load a system of an experiment, such as ``results/demo/systems/baseline/s1``, of any port.

    Needs the extra of its port: ``fairseq``, or ``hf``.

    Args:
        folder: with ``system.json``.
        device: such as ``cpu``; by default the GPU where there is one.

    Raises:
        UserError: the extra is missing, there is no system, its port is unknown, or files are missing,
            changed or do not fit.
    """
    from workflow_scripts.models.port_modules import LIBRARIES, check_port

    system = SystemFolder.read(folder)
    check_port(system)
    # An extra has the name of its port's environment.
    with needs(PORTS[system.port], "load"):
        from workflow_scripts.likelihood.text_ids import text_ids
        from workflow_scripts.models.port import load as load_port

        # Now, not at the first call that needs more than counts.
        if find_spec(library := LIBRARIES[system.port]) is None:
            raise ModuleNotFoundError(f"no {library}", name=library)
        port = load_port(system, device)
    return Model(port, text_ids(system, port), None, system)
