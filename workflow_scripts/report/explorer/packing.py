"""How data lies in the page: packed and as base64, so that the browser unpacks it with what it has itself."""

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

#: Bytes that the whole page may have.
LIMIT = 15_000_000
#: What JSON may hold and HTML or older JavaScript would take for its own: as escapes they are the same JSON.
ESCAPES = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_LEVEL = 6


def as_json(value: Any) -> str:
    """Return compact JSON that may stand within a script of an HTML page, whatever text it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign, escape in ESCAPES.items():
        text = text.replace(sign, escape)
    return text


def packed(content: bytes) -> str:
    """Return bytes in zlib's format and base64; equal bytes give equal text."""
    return base64.b64encode(zlib.compress(content, _LEVEL)).decode("ascii")


@dataclass
class Store:
    """The packed data of a page by name, and how many bytes are left for more.

    ``left_out``: what had no room, a line each, which the page says.
    """

    room: int
    parts: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, name: str, content: bytes) -> bool:
        """Take data if there is room; tell whether there was."""
        text = packed(content)
        if len(text) > self.room:
            return False
        self.room -= len(text)
        self.parts[name] = text
        return True

    def add_json(self, name: str, value: Any) -> bool:
        """The same of a value as JSON."""
        return self.add(name, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))

    def add_all(self, several: dict[str, Any]) -> bool:
        """Take several values as JSON, or none of them."""
        before = self.room, dict(self.parts)
        if all(self.add_json(name, value) for name, value in several.items()):
            return True
        self.room, self.parts = before
        return False
