"""Fetch a public corpus: Multi30k and NTREX-128 from their homes, anything else through mtdata.

Output, in ``--out DIR``: Multi30k ``{subset}.{lang}.gz``; NTREX ``{lang}.txt.gz``;
mtdata ``{subset}.{pair}.{lang}``. Files of the first two are checked against the SHA-256 in ``corpora``. A
file appears whole or not at all; one that is already there and right is not fetched again.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

from workflow_scripts.data.corpora import MULTI30K, NTREX, NTREX_FILES
from workflow_scripts.data.mtdata_source import fetch_datasets, parse_datasets
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.files import atomic_path, sha256_of
from workflow_scripts.languages import unknown_language

TIMEOUT_SECONDS = 60
CHUNK_BYTES = 1 << 20
# Path at the home, SHA-256 of the content, name here, whether to pack it.
RemoteFile = tuple[str, str, str, bool]

MULTI30K_SUBSETS = ("train", "val", "test_2016_flickr")


def fetch(url: str, sha256: str, target: Path, pack: bool = False) -> None:
    """Write the content of ``url`` to ``target`` if its SHA-256 is the expected one.

    ``pack``: write it gzip-compressed (same bytes every time). Raises UserError if the content cannot be
    fetched or is not what was expected; ``target`` is then left as it was.
    """
    digest = hashlib.sha256()
    with atomic_path(target) as temporary, temporary.open("wb") as raw:
        # No name and no time in the header: the file depends on its content alone.
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) if pack else None
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
                while chunk := response.read(CHUNK_BYTES):
                    digest.update(chunk)
                    (packed or raw).write(chunk)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise UserError(
                f"{url} cannot be downloaded ({reason}): run 'make fetch CONFIG=…' on a machine with"
                " internet, or fetch it by hand and name its folder in data.source.folder"
            ) from None
        if packed:
            packed.close()
        if digest.hexdigest() != sha256:
            raise UserError(
                f"{url}: not the expected content (its SHA-256 is {digest.hexdigest()}, expected {sha256})"
            )
        raw.close()


def is_there(target: Path, sha256: str, packed: bool) -> bool:
    """Tell whether ``target`` holds the expected content (inside the gzip file if ``packed``)."""
    if not target.is_file():
        return False
    if not packed:
        return sha256_of(target) == sha256
    try:
        with gzip.open(target, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == sha256
    except (OSError, EOFError):
        return False


def multi30k_files(languages: Iterable[str]) -> list[RemoteFile]:
    """Return every Multi30k file of the languages."""
    names = [f"{subset}.{lang}.gz" for lang in languages for subset in MULTI30K_SUBSETS]
    return [(name, MULTI30K[name], name, False) for name in names]


def ntrex_files(languages: Iterable[str]) -> list[RemoteFile]:
    """Return every NTREX file of the languages."""
    return [(NTREX_FILES[lang], NTREX[lang], f"{lang}.txt.gz", True) for lang in languages]


# Corpus to its languages, and to the function that lists the files of some of them.
CORPORA: dict[str, tuple[frozenset[str], Callable[[Iterable[str]], list[RemoteFile]]]] = {
    "multi30k": (frozenset(name.split(".")[1] for name in MULTI30K), multi30k_files),
    "ntrex": (frozenset(NTREX), ntrex_files),
}


def download(corpus: str, languages: Iterable[str], out: Path, home: str) -> list[Path]:
    """Fetch a corpus's files of the languages from the URL ``home`` into ``out``; return their paths.

    Raises UserError for a language that the corpus lacks, and where a file cannot be had.
    """
    known, files_of = CORPORA[corpus]
    languages = list(languages)
    for language in languages:
        if problem := unknown_language(language, corpus, sorted(known)):
            raise UserError(problem)
    base = home.rstrip("/")
    paths = []
    for source, sha256, name, pack in files_of(languages):
        target = out / name
        paths.append(target)
        if is_there(target, sha256, pack):
            print(f"{target} is already there", file=sys.stderr, flush=True)
            continue
        print(f"fetching {base}/{source}", file=sys.stderr, flush=True)
        fetch(f"{base}/{source}", sha256, target, pack)
    return paths


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", choices=[*CORPORA, "mtdata"], required=True)
    parser.add_argument("--languages", nargs="+", default=[], help="multi30k, ntrex: languages to fetch")
    parser.add_argument("--datasets", help="mtdata: JSON {subset: {pair: [dataset id, ...]}}")
    parser.add_argument("--home", help="multi30k, ntrex: URL of the folder with their files")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    if arguments.corpus == "mtdata":
        if not arguments.datasets:
            raise UserError("--corpus mtdata needs --datasets JSON {subset: {pair: [dataset id, ...]}}")
        fetch_datasets(parse_datasets(json_object(arguments.datasets)), arguments.out)
    elif not arguments.languages or not arguments.home:
        raise UserError(f"--corpus {arguments.corpus} needs --languages and --home")
    else:
        download(arguments.corpus, arguments.languages, arguments.out, arguments.home)


def json_object(text: str) -> dict[str, object]:
    """Read a JSON object from the command line; UserError if it is none."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"--datasets is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise UserError("--datasets must be a JSON object {subset: {pair: [dataset id, ...]}}")
    return value


if __name__ == "__main__":
    run_main(main)
