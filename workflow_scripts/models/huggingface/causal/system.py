"""A system folder of a causal language model's folder: one model for the texts of several languages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.causal.port import CausalPort, open_causal
from workflow_scripts.models.huggingface.folder import read_weights
from workflow_scripts.models.huggingface.system import check_other, number_types, write_files
from workflow_scripts.units.system import SystemFolder


def make_system(
    folder: Path, out: Path, *, system: str, languages: Sequence[str], seed: int = 1
) -> SystemFolder:
    """Write a system of a model's ``folder`` (as the library or a hub has it) to ``out``, and return it.

    ``languages``: those whose texts it is to read; each has a row in scores and masks, ``de``. UserError as
    ``port.open_causal``, for no language or one with a hyphen, and where ``out`` is ``folder``.
    """
    check_other(folder, out)
    if not languages:
        raise UserError(f"{out}: languages is empty; name those whose texts the model is to read")
    for language in languages:
        if "-" in language:
            raise UserError(
                f"{out}: {language!r} is no language code: a causal language model has languages, such as"
                f" {language.partition('-')[2]!r}, and no directions"
            )
    tensors = read_weights(folder)
    port = open_causal(folder, tensors)
    return SystemFolder.write(
        out,
        system=system,
        seed=seed,
        languages=languages,
        mask_rows=dict.fromkeys(languages),
        architecture={**architecture_of(port), "dtype": number_types(tensors)},
        text=port.text.around,
        port=port.name,
        files=write_files(folder, out, port.model),
    )


def architecture_of(port: CausalPort) -> dict[str, Any]:
    """Return the ``architecture`` block of a model: its family, sizes, what its neurons compute."""
    groups = {group.kind: group for group in port.space(("ffn", "head", "resid")).groups}
    return {
        "family": port.model.config.model_type,
        "encoder_layers": 0,
        "decoder_layers": groups["ffn"].layer + 1,
        "model_dim": groups["resid"].size,
        "ffn_dim": groups["ffn"].size,
        "heads": groups["head"].size,
        "activation": port.activation.function,
        "gated": port.activation.gated,
    }
