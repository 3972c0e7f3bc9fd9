"""Fetch a COMET model from the hub into the hub's own cache, with its encoder's configuration and tokenizer.

What is there already is not fetched again. The JSON file says which commits of both, and the checkpoint's
SHA-256.
"""

import argparse
import os
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.common.hub import gated
from workflow_scripts.evaluate.comet.comet_model import (
    CHECKPOINT,
    CONFIGURATION,
    ENCODER_FILES,
    EXAMPLE,
    SETTINGS,
    checked_settings,
    in_hub_cache,
    named_way_out,
)


def fetch(name: str, revision: str | None, files: list[str]) -> Path:
    """Return the folder of a repository with ``files`` (patterns), downloaded where it is not in the cache.

    Raises UserError: the hub cannot be reached, or has no such model or revision, or only for those it let
    in.
    """
    import requests
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=files))
    except HFValidationError:
        raise UserError(f"{name!r} is no name on the hub: one is OWNER/NAME, as in {EXAMPLE}") from None
    except GatedRepoError:
        raise gated(name) from None
    except RepositoryNotFoundError:
        raise UserError(f"the hub has no {name}, or hides it from you: check evaluation.comet") from None
    except RevisionNotFoundError:
        raise UserError(f"{name}: the hub has no revision {revision}: check evaluation.comet") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, requests.RequestException):
        raise UserError(
            f"the COMET model {name} cannot be fetched: the hub cannot be reached from this machine; run"
            " 'make fetch CONFIG=…' where there is internet, or name a folder that has it (evaluation.comet,"
            " key folder)"
        ) from None


def main(argv: list[str] | None = None) -> None:
    """Fetch model and encoder, and write what came."""
    parser = argparse.ArgumentParser(prog="fetch_comet", description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="name on the hub")
    parser.add_argument("--revision", help="branch, tag or commit; default: main")
    parser.add_argument("--out", required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

    with named_way_out():
        place = in_hub_cache(args.model, args.revision)
        if place is None or not all((place / file).is_file() for file in (SETTINGS, CHECKPOINT)):
            place = fetch(args.model, args.revision, [str(SETTINGS), str(CHECKPOINT)])
        name = str(checked_settings(place)["pretrained_model"])
        encoder = in_hub_cache(name)
        if encoder is None or not (encoder / CONFIGURATION).is_file():
            encoder = fetch(name, None, list(ENCODER_FILES))
    commits = {"model": args.model, "revision": place.name, "encoder": name, "encoder_revision": encoder.name}
    write_json(args.out, {**commits, "sha256": sha256_of(place / CHECKPOINT)})
    print(f"{args.model} at {place.name}, its encoder {name} at {encoder.name}")


if __name__ == "__main__":
    run_main(main)
