"""Everything that Palyra refuses or cannot do, as one tree.

An error's docstring is its title. `detail` says what was wrong with this request, `field` names
the part of the input to blame and `fix` says what to do about it. The HTTP edge renders them as
RFC 9457 problems; nothing below the edge knows about HTTP but the status number an error stands
for.
"""

import inspect
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple


class Fault(NamedTuple):
    """One thing wrong with an input: where, what, and how to mend it."""

    field: str
    detail: str
    fix: str


class PalyraError(Exception):
    """Palyra could not do this."""

    status = 500

    def __init__(
        self, detail: str = "", *, field: str = "", fix: str = "", faults: Sequence[Fault] = ()
    ) -> None:
        self.detail = detail or self.title()
        self.faults = tuple(faults)
        if field:
            self.faults = (Fault(field=field, detail=self.detail, fix=fix), *self.faults)
        self.fix = fix
        super().__init__(self.detail)

    @classmethod
    def title(cls) -> str:
        """Return the one sentence that is the same for every error of this class."""
        return (inspect.getdoc(cls) or cls.__name__).splitlines()[0].rstrip(".")

    @classmethod
    def code(cls) -> str:
        """Return the stable, machine-readable name of this class."""
        name = cls.__name__
        return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")


class Malformed(PalyraError):
    """The request cannot be read."""

    status = 400


class Unauthenticated(PalyraError):
    """A valid API token is needed."""

    status = 401


class ClientCertRequired(PalyraError):
    """A client certificate is needed."""

    status = 401


class CertificateRefused(PalyraError):
    """The client certificate was refused."""

    status = 403


class Denied(PalyraError):
    """A policy refused this."""

    status = 403


class NotFound(PalyraError):
    """There is no such thing here."""

    status = 404


class Conflict(PalyraError):
    """The thing is not in a state that allows this."""

    status = 409


class PreconditionFailed(PalyraError):
    """The thing was changed meanwhile."""

    status = 412


class TooLarge(PalyraError):
    """The request is too large."""

    status = 413


class Invalid(PalyraError):
    """The input is not valid."""

    status = 422


def only_fields(given: Iterable[str], known: Collection[str], within: str = "") -> None:
    """Refuse names that are none of those that are known.

    Args:
        given: the names that were sent.
        known: those that there are.
        within: what the names of the fields begin with where one is refused.

    Raises:
        Invalid: names the first of them, and those that are known.
    """
    for name in sorted(set(given).difference(known)):
        raise Invalid(
            f"there is no field {name!r:.80}",
            field=f"{within}{name:.80}",
            fix=f"use: {', '.join(sorted(known))}",
        )


class InvalidSettings(PalyraError, ValueError):
    """A setting is not valid."""

    status = 503


class Unavailable(PalyraError):
    """Palyra could not reach what it needs; nothing was decided."""

    status = 503
