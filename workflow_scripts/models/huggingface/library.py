"""The library, set up: imported before anything else of transformers. It asks no hub and shows no bars."""

import os

# A folder that is mistyped would become a look-up of its name. The library reads these when it is imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import transformers

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
