"""Malformed input of `make try` and `make docs`: configs, the text that they name, folders."""

import gzip

from tests.malformed.case import cases_of, laid
from tests.malformed.config_cases import RIGHT, TOY, with_changes

LANGUAGES = ("en", "de", "fr")
CONFIG = "--configfile config.yaml"


def with_text(changed, config=RIGHT, words=CONFIG):
    """A right config, its text of one hundred lines a file, and what is written in place of some files."""
    files = {f"{part}.{language}": b"a b\n" * 100 for part in "tvo" for language in LANGUAGES}
    return laid({"config.yaml": config.encode(), **files, **changed}, words)


def own(changes, words=CONFIG):
    return laid({"config.yaml": with_changes(changes).encode()}, words)


PACKED = gzip.compress(b"a b\n" * 100)
#: Three directions that have no language in common, of text that is not here.
ROUND = "pivot: null\ndirections: {train: [en-de, de-fr, fr-en]}\n"

trial = cases_of("trial-", "workflow.trial.start")
site = cases_of("site-", "site.build")
CASES = [
    trial("none", "no config", laid({}, ""), "make try takes one config file, and no --config"),
    trial("two", "two configs", with_text({}, words=f"{CONFIG} config.yaml"), "make try takes one config file, and no --config"),
    trial("joined", "the config behind an equals sign", with_text({}, words="--configfile=config.yaml"), "make try takes its config file as --configfile FILE"),
    trial("absent", "a config that is not there", laid({"mine.yaml": RIGHT.encode()}, "--configfile mime.yaml"), "mime.yaml: there is no such config file (did you mean 'mine.yaml'?)"),
    trial("key", "a wrong key", own("mask: {k: [95]}\n"), "config.yaml, line 5: mask: unknown key 'mask' (did you mean 'masks'?)"),
    trial("utf16", "text in UTF-16", with_text({"t.de": "a\nb\n".encode("utf-16")}), "no smaller form of x is a right config: t.de: UTF-16; convert it: iconv -f UTF-16 -t UTF-8 t.de > NEW"),
    trial("cut-off", "packed text that is cut off", with_text({"v.fr": PACKED[:-9]}), "no smaller form of x is a right config: v.fr: damaged or cut off"),
    trial("no-pivot", "text that is not here, of directions without a common language", own(ROUND), "no smaller form of x is a right config: t.en is not here, and invented text needs a language that every direction has"),
    trial("results", "a file where the results belong", laid({"config.yaml": with_changes(TOY).encode(), "results": b""}, CONFIG), "results: File exists"),
    site("folder", "a folder of something else for the site", laid({"mine/a.txt": b"a"}, "--out mine"), "mine: something else than a site, which would be deleted; name a new folder"),
    site("file", "a file for the site", laid({"mine": b"a"}, "--out mine"), "mine: something else than a site, which would be deleted; name a new folder"),
]  # fmt: skip
