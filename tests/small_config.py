"""What the configs of tests without training share: three languages, text in files of each language."""

from typing import Any

BASE: dict[str, Any] = {
    "experiment": "tiny", "languages": ["en", "de", "fr"], "pivot": "en",
    "data": {
        "source": {
            "type": "files", "train": "text/train.{lang}", "valid": "text/valid.{lang}",
            "tests": {"news": "text/news.{lang}"},
        },
    },
}  # fmt: skip
