"""What configs and the fetching of models say alike of a hub."""

#: In place of a commit that a shipped config cannot know: nothing is fetched with it.
NOT_CHOSEN = "0" * 40
