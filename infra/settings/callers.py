"""Which variables of whoever deploys are settings.

Imported before it is sure that Python and packages are those that the rest needs: it needs none.
"""

from collections.abc import Mapping

_NEVER_DEPLOYED = {
    "PALYRA_URL",  # The command's.
    "PALYRA_TOKEN",  # The command's, and a secret.
    "PALYRA_STAGE",  # The deploy's own.
    "PALYRA_LOCAL_CLOUD",  # The mark of a local cloud's processes.
}


def callers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings among a caller's variables."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("PALYRA_") and name not in _NEVER_DEPLOYED
    }
