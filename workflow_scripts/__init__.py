"""neuronspec: one Snakemake workflow from parallel text to specialised, evaluated translation models."""

__version__ = "0.2.0"
