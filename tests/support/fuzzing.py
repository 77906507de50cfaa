"""How many examples the fuzz of nodes draws: few, or as many as TEST_FUZZ_NODES says."""

import os

MOST = int(os.environ.get("TEST_FUZZ_NODES", "0"))


def examples(usual: int) -> int:
    """Return how many examples are drawn, where so many usually are."""
    return max(MOST, usual)
