"""Decoding at base size in int8, against ``fairseq-generate`` in float32 (``base_decoding``)."""

from tests.bench.base_decoding import decoding

BENCHMARK = decoding("decode_int8_base", "int8")
