"""How data lies in the page: what may stand in a script, and how much room there is."""

import base64
import json
import zlib

from workflow_scripts.report.explorer.packing import Store, as_json, packed


def test_nothing_in_json_ends_a_script_or_a_line_of_one():
    text = as_json({"a</script>": ["<!--", "&amp;", "\u2028\u2029", '"']})
    assert text == ('{"a\\u003c/script\\u003e":["\\u003c!--","\\u0026amp;","\\u2028\\u2029","\\""]}')
    assert json.loads(text) == {"a</script>": ["<!--", "&amp;", "\u2028\u2029", '"']}


def test_bytes_come_back_and_equal_ones_are_equal():
    text = packed(b"abc" * 100)
    assert zlib.decompress(base64.b64decode(text)) == b"abc" * 100
    assert text == packed(b"abc" * 100) and len(text) < 40


def test_a_store_takes_what_has_room_and_nothing_else():
    size = len(packed(b"1"))
    store = Store(2 * size)
    assert store.add("a", b"1") and store.add("b", b"1") and not store.add("c", b"1")
    assert list(store.parts) == ["a", "b"] and store.room == 0


def test_several_values_are_taken_together_or_not_at_all():
    size = len(packed(b"1"))
    store = Store(2 * size)
    assert not store.add_all({"a": 1, "b": 1, "c": 1}) and store.parts == {} and store.room == 2 * size
    assert store.add_all({"a": 1, "b": 1}) and list(store.parts) == ["a", "b"]
