"""The stage, and the names that carry it."""

import os
import re
from collections.abc import Mapping

from chalicelib.errors import InvalidSettings

_STAGE = re.compile(r"[a-z][a-z0-9]{1,15}")


def stage(environment: Mapping[str, str] = os.environ) -> str:
    """Return the deployment stage, from `PALYRA_STAGE`; `local` where it is unset.

    Raises:
        InvalidSettings: it is not 2 to 16 lower-case letters and digits.
    """
    name = environment.get("PALYRA_STAGE", "local")
    if not _STAGE.fullmatch(name):
        raise InvalidSettings(
            f"PALYRA_STAGE is {name!r}",
            field="PALYRA_STAGE",
            fix="use 2 to 16 lower-case letters and digits, a letter first",
        )
    return name


def resource(name: str) -> str:
    """Return the stage's name of a table, queue or function."""
    return f"palyra-{stage()}-{name}"
