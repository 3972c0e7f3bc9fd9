"""Fetch a public corpus: Multi30k and NTREX-128 from their homes, anything else through mtdata.

Multi30k (task 1, raw; Elliott et al. 2016, 2017; Barrault et al. 2018) becomes ``{subset}.{lang}.gz``,
NTREX-128 (Federmann et al. 2022) ``{lang}.txt.gz``, mtdata ``{subset}.{pair}.{lang}``.
"""

import argparse
import gzip
import hashlib
import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import atomic_path, sha256_of
from workflow_scripts.common.languages import NTREX_NAMES, unknown_language
from workflow_scripts.data.mtdata_source import fetch_datasets, parse_datasets

MULTI30K = {
    "test_2016_flickr.cs.gz": "200a4a74cc9560f051924abb9803be008d1908d77f747e9141aeb86dfd2797f1",
    "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
    "train.cs.gz": "a65adb8b32e3bc664f21ecba7a6e7f6950fd1f405e135f7c312faabdb6255077",
    "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.cs.gz": "b63226e05c4bd5dd6a42897d74b86a1b9d2c31498252c572b1ea7f7996927fcc",
    "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
}

NTREX = {
    "af": "f33cbe111c393699208c504348e3206a5aeb0d2d01cae733e90407a71adb6fc2",
    "am": "9383b4681e1fc24c285af145f0d70a76997763df9aa366623c458ea2bcc19823",
    "ar": "d271c8645933421f760eba8ed8cc1ceaaa052f917d9c2839b8abb27e0ded71e6",
    "bg": "9497942b166d7d98ad589b16ae9f8af26c093fcd100bcd59331a66f5dbf1b67a",
    "bn": "7fae73a2d1d24fdcb47f68a0691253cda05fa55c5ca944bc3cdf8eb2945825f1",
    "ca": "2c3e98b384e4c5d314eac8c600414808fb5fa89531521185e5311ab3490de81f",
    "cs": "2195d2ebf7e6ea69246681765cb1e274d9b4ba038d55ebd057d93eb60a8c5a93",
    "da": "8a246a224aa15334f6bc4c3ff3a147b94924cec5fbfeb5712ddf269489a85291",
    "de": "259d7406a07b63e6b5b9c4a22fb76b85e2578a3fa0a4e541a50f4f7348e5c1b2",
    "en": "389e8f5796c66db4f646dfad33e1ec622d74767af5ef112b42a1f2cd814df3cc",
    "es": "0ad8129e5ce0bea86ba7e0ea0db0504d6626b8a4d2a7cf4c44b7791c70e99b84",
    "fr": "1dd80d337f6a75c6ed579a95f09ca9b85d87d6e488d0a428c5f89cca99553136",
    "gu": "fbe9554a4e71ca9a4367bdd1bba3b5bd3067653ca39ce8492dca3d8f865878e5",
    "ha": "e6665dd99bf833d328928cf8a5522613833dc64c4df78851071faa1bad736b36",
    "he": "3b8cc2c45ab00c3514a9a227910f16e0f025023e7f340286f0e5f95a64e259a7",
    "hi": "10d612b3960dc1f90d297aff7e3c6d39e6eb7221b912cef0c053d9f510e41bbc",
    "it": "e568982e6249a11a7ada13d5b00fe65ca722479e0399a7a761a905f340dd04d2",
    "kn": "c670e7573d5e9943b8ea311d4ec2b93eaa3990a82dc5ee9140fd61b63f57d313",
    "lb": "4276766d953bee5ce463701097a52a47523e950e51cb32d680e1f2a50615ef1e",
    "mr": "a72aaecd670f18b045bb3704c41277faea665ecaaf8af6932a8c3ea51ae5ac7b",
    "mt": "fa4bb19df210df09e8c1e35447a1fd7a8acefc878cabf2fa0a1c3c0098cba51e",
    "nl": "dce60b592d410932cb369301d0506f1b3d0ae4f7bedf0369a3cdf870f462b4a5",
    "pl": "95fb2e4b00a41847015eebda8821d52eadb60479507e179e575e3c706e353b77",
    "pt": "ad2b8c2d91be6a17f9c0df0dd25e358b8de6168212b4bbc9718ea41c4df9ecd8",
    "ro": "ad8f396735ffe78f7cbfce1df7782fe587c395ed30b1eee92a16109d62d4648c",
    "ru": "a7e3601298b0368659a5c006c52809cf6792e02eb94bde9b9693333278d85732",
    "sd": "ca244a06edf00407dc22a58a42467790f97cdd1c15b006e0248b93b13020ee42",
    "sr": "068686958cd2656f5fd60c348a6a20246f3157099e099ff972866c0c1b5a0514",
    "sv": "a82ce7ec2097a34ca41a8e72f51d97b68f71b8facdf3467a0c5d950f350113b3",
    "ti": "3babe69f9e1081db0a1fdb3d9334bcf62d9a8bb586b387f263a44d7c3ac26a7f",
    "uk": "310112858e242ee930f53b2c00092b513dc7b4d2327ae6bb19e411a03c044db9",
}

# English is the file that all others were translated from.
NTREX_FILES = {
    code: f"newstest2019-{'src' if code == 'en' else 'ref'}.{name}.txt" for code, name in NTREX_NAMES.items()
}


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


#: The languages of a corpus.
CORPORA = {"multi30k": sorted({name.split(".")[1] for name in MULTI30K}), "ntrex": sorted(NTREX)}


def files_of(corpus: str, language: str) -> list[RemoteFile]:
    """Return every file of a language in a corpus."""
    if corpus == "ntrex":
        return [(NTREX_FILES[language], NTREX[language], f"{language}.txt.gz", True)]
    names = [f"{subset}.{language}.gz" for subset in MULTI30K_SUBSETS]
    return [(name, MULTI30K[name], name, False) for name in names]


def download(corpus: str, languages: Iterable[str], out: Path, home: str) -> list[Path]:
    """Fetch a corpus's files of the languages from the URL ``home`` into ``out``; return their paths. Raises
    UserError for a language that the corpus lacks, and where a file cannot be had."""
    languages = list(languages)
    for language in languages:
        if problem := unknown_language(language, corpus, CORPORA[corpus]):
            raise UserError(problem)
    base = home.rstrip("/")
    paths = []
    for source, sha256, name, pack in (one for lang in languages for one in files_of(corpus, lang)):
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
    """Read a JSON object from the command line."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"--datasets is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UserError("--datasets must be a JSON object {subset: {pair: [dataset id, ...]}}")
    return value


if __name__ == "__main__":
    run_main(main)
