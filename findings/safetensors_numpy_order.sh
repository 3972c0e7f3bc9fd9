#!/bin/sh
# Versions: safetensors 0.8.0, numpy 1.26.4, Python 3.11.
# Guess: save_file copies an array to C order, so that load_file gives back equal values whatever its strides.
# Behaviour: the numpy writer takes the memory as it lies. Transposed, sliced and Fortran-ordered arrays keep their shape
#   and come back with their values in other places, without an error or a warning.
# Output seen:
#   plain True / transposed False / fortran False / sliced False
# Here: weights are written by safetensors' torch writer, which refuses such tensors; a matrix that was transposed
#   for a decoder would otherwise be a wrong model without a word.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q safetensors==0.8.0 numpy==1.26.4
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy
from safetensors.numpy import load_file, save_file

plain = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
arrays = {
    "plain": plain,
    "transposed": plain.T,
    "fortran": numpy.asfortranarray(plain),
    "sliced": plain[:, ::2],
}
equal = {}
for name, array in arrays.items():
    save_file({"x": array}, "x.safetensors")
    equal[name] = bool(numpy.array_equal(load_file("x.safetensors")["x"], array))
    print(name, equal[name])
assert equal == {"plain": True, "transposed": False, "fortran": False, "sliced": False}, "the behaviour has changed"
PY
