"""Fetch a model from the hub, at its commit, into the hub's own cache: weights in one form, tokenizer, card.

What is there already is not fetched again. The JSON file says what came, and under which licence.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import yaml

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_json
from workflow_scripts.common.hub import NOT_CHOSEN, gated
from workflow_scripts.models.huggingface.model_files import CARD, FILES, WEIGHTS, in_hub_cache, weights_among

CHECK = "check attach.model and attach.revision"


def fetch(name: str, revision: str) -> Path:
    """Return the folder of a model, downloaded. Raises UserError: the hub cannot be reached, has no such
    model or commit or only for those it let in, or the model has no weights in a form that is read."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        files = [one.rfilename for one in HfApi().model_info(name, revision=revision).siblings or []]
        weights = weights_among(files)
        if not weights:
            raise UserError(f"{name}: no weights in it ({' or '.join(WEIGHTS)}); {CHECK}")
        return Path(snapshot_download(name, revision=revision, allow_patterns=[*FILES, CARD, *weights]))
    except HFValidationError:
        raise UserError(f"{name!r} is no name on the hub: one is OWNER/NAME; {CHECK}") from None
    except GatedRepoError:
        raise gated(name) from None
    except RepositoryNotFoundError:
        raise UserError(f"the hub has no {name}, or hides it from you; {CHECK}") from None
    except RevisionNotFoundError:
        raise UserError(f"{name}: the hub has no commit {revision}; {CHECK}") from None
    except UserError:
        raise
    except Exception as error:  # of several libraries below the hub's
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(
            f"{name} cannot be fetched from the hub ({reason[0]:.120}): run 'make fetch CONFIG=…' where there"
            " is internet, or name a folder that has it (attach.model, without revision)"
        ) from None


def licence_of(card: Path) -> str:
    """Return the licence that a model's card names, as the hub calls it."""
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    _, head, *_ = [*text.split("---\n", 2), "", ""]
    try:
        said: Any = yaml.safe_load(head)
    except yaml.YAMLError:
        said = None
    said = said if isinstance(said, dict) else {}
    found = said.get("license_name") or said.get("license") or "not named on its card"
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found)


def main(argv: list[str] | None = None) -> None:
    """Fetch a model, and write what came."""
    parser = argparse.ArgumentParser(prog="fetch_model", description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="name on the hub")
    parser.add_argument("--revision", required=True, help="commit")
    parser.add_argument("--out", required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    if args.revision == NOT_CHOSEN:
        raise UserError(
            f"attach.revision: the commit of {args.model} is not chosen yet; its page on the hub lists them"
            " (Files, History): write the one that you want into the config"
        )
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    folder = in_hub_cache(args.model, args.revision) or fetch(args.model, args.revision)
    licence = licence_of(folder / CARD)
    write_json(args.out, {"model": args.model, "revision": args.revision, "licence": licence})
    print(f"{args.model} at {args.revision}, licence: {licence}")


if __name__ == "__main__":
    run_main(main)
