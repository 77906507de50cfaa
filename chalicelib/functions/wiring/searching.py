"""What searches journals: for operators, for policies that are tried out, and for runs."""

from functools import cache

from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.sweeps import journal
from chalicelib.journal.search import JournalSearch


@cache
def journal_search(of: Container) -> JournalSearch:
    """Return what reads journals."""
    return JournalSearch(journal=journal(of))
