"""What a node has taken, written down before each step, so that a death in between loses nothing.

claimed   the claim is made up; whether the gateway has heard of it, the same claim finds out
agreed    the person here has agreed
begun     the program was started; from here on it may have been done
done      its answer is here, and the gateway has not said that it has it
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from cli.node.home import Home
from cli.node.private import read_private, write_private

_CLAIM_BYTES = 24


class Stage(StrEnum):
    """How far work has come."""

    CLAIMED = "claimed"
    AGREED = "agreed"
    BEGUN = "begun"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A request that this node takes.

    Attributes:
        id: the request's.
        claim: what this node has made up for it.
        capability: its name; empty before the gateway has said it.
        is_idempotent: it may be begun again; of no meaning before it was begun.
        answer: what the gateway is told once it is done.
    """

    id: str
    claim: str
    stage: Stage = Stage.CLAIMED
    capability: str = ""
    is_idempotent: bool = False
    answer: Mapping[str, Any] | None = None

    @classmethod
    def new(cls, request_id: str, capability: str) -> Self:
        """Return work that nobody has heard of yet."""
        claim = secrets.token_urlsafe(_CLAIM_BYTES)
        return cls(id=request_id, claim=claim, capability=capability)

    @property
    def is_agreed(self) -> bool:
        """Return whether the person here has agreed, if that was asked for."""
        return self.stage is not Stage.CLAIMED

    def to(self, stage: Stage, **more: Any) -> "Work":
        """Return it one stage on."""
        return replace(self, stage=stage, **more)


@dataclass(frozen=True, slots=True)
class WorkStore:
    """The work of a node, a file each."""

    home: Home

    def save(self, work: Work) -> None:
        """Write work down as it is now.

        Raises:
            Problem: it cannot be written.
        """
        write_private(self.home.work / f"{work.id}.json", json.dumps(asdict(work)))

    def drop(self, work: Work) -> None:
        """Forget work."""
        self.home.drop(f"work/{work.id}.json")

    def all(self) -> Sequence[Work]:
        """Return all work, oldest first; what is no work is left alone.

        Raises:
            Problem: it cannot be read.
        """
        found = []
        for path in sorted(self.home.work.glob("*.json")):
            try:
                document = json.loads(read_private(path) or "")
                work = Work(**document | {"stage": Stage(document["stage"])})
            except (ValueError, TypeError, KeyError):
                continue
            found.append(work)
        return found
