#!/usr/bin/env bash
# Snakemake runs this in the conda environment once it is made: what conda's pip list cannot express.
# fairseq's own metadata asks for hydra-core<1.1 and omegaconf<2.1, which current pips refuse.
set -euo pipefail
python -m pip install --no-deps fairseq==0.12.2
