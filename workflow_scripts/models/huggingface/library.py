"""The library, set up: imported before anything else of transformers. It asks no hub and shows no bars."""

import os

# A folder that is mistyped would become a look-up of its name. The library reads these when it is imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import transformers

#: The port is written for version 5, and its tests run with 4.57.6 as well (make test SUITES=hf4).
MAJOR = int(transformers.__version__.partition(".")[0])

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
