"""What an operator may set: `palyra.toml`, and `PALYRA_*` variables over it, as one frozen object.

A setting is declared once, in `settings.py`, with its key, default, range and explanation; reading,
refusing, reporting and the reference in the documents all come from there. The stage is the one
value that modules read at import, because queue and table names need it.
"""

from pathlib import Path

from chalicelib.settings.names import resource, stage
from chalicelib.settings.settings import Settings

# Where `chalice deploy` finds the file: a link to the one at the project's root.
BAKED = Path(__file__).parents[1] / "palyra.toml"

__all__ = ["BAKED", "Settings", "resource", "stage"]
