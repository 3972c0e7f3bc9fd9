"""What configs and the fetching of models say alike of a hub."""

from workflow_scripts.common.errors import UserError

#: In place of a commit that a shipped config cannot know: nothing is fetched with it.
NOT_CHOSEN = "0" * 40


def gated(name: str) -> UserError:
    """Return the error of a model that the hub gives only to some."""
    return UserError(
        f"{name}: the hub gives it only to those who have agreed to its terms: do so on its page there,"
        " then log in (HF_TOKEN, or 'hf auth login')"
    )
