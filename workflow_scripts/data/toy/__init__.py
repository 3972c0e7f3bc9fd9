"""The toy corpus: small invented languages with shared lexicon, real syntax and gold tags."""
