"""Asking before something is done that cannot be taken back."""

import sys
from collections.abc import Callable

from cli.problem import Exit, Problem
from cli.session import Session


def confirm(session: Session, question: Callable[[], str], *, asks: str, otherwise: str) -> None:
    """Ask a question in the terminal.

    Args:
        session: what the command talks with.
        question: what is to be answered with yes; made only where somebody can answer.
        asks: what asks first, as `deleting asks first`.
        otherwise: what has come of nothing where the answer is not yes, as `deleted`.

    Raises:
        Problem: nobody can answer, or the answer is not yes.
    """
    require_person(asks, fix="say --yes")
    if answer(session, f"{question()} [y/N] ").lower() not in {"y", "yes"}:
        raise Problem.of(Exit.FAILED, f"nothing was {otherwise}", "answer y, or say --yes")


def require_person(asks: str, *, fix: str) -> None:
    """Refuse to ask where nobody can answer.

    Args:
        asks: what asks, as `deleting asks first`.
        fix: what to say on the command line instead.

    Raises:
        Problem: stdin is no terminal.
    """
    if not sys.stdin.isatty():
        raise Problem.of(Exit.USAGE, f"{asks}, and stdin is no terminal", fix)


def answer(session: Session, question: str) -> str:
    """Return what a person types after a question; nothing where they type nothing."""
    session.screen.ask(question)
    return sys.stdin.readline().strip()
