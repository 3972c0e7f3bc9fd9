"""Decoding at base size in float32, against ``fairseq-generate`` in float32 (``base_decoding``)."""

from tests.bench.base_decoding import decoding

BENCHMARK = decoding("decode_float32_base", "float32")
