"""How a stage is to be: what `infra/template.yaml` and the configuration say, baked in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from chalicelib.settings import resource

_FILE = Path(__file__).with_name("blueprint.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedIndex:
    """An index of a table; keys as `name:type`, the partition's first."""

    keys: tuple[str, ...]
    projection: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTable:
    """A table.

    Attributes:
        ttl: the attribute that says when an item expires; None where none does.
    """

    keys: tuple[str, ...]
    indexes: Mapping[str, WantedIndex]
    ttl: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedQueue:
    """A queue; `dead_letters` is the name of the queue of what nobody takes, or None."""

    visibility_seconds: int
    retention_seconds: int
    dead_letters: str | None
    most_receives: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFunction:
    """A function.

    Attributes:
        suffix: what its name has behind the stage's; the API's has nothing.
        timeout: in seconds.
        memory: in megabytes.
        reserved: its reserved concurrency, or None.
        policy: digest of what its role allows, with names that lack the stage.
        calls_itself: Lambda's guard against recursion must be off.
        rate: of its schedule, or None.
        queue: the name of the queue that it reads, or None.
        concurrency: how many of it that queue may start at once.
    """

    suffix: str
    timeout: int
    memory: int
    reserved: int | None
    policy: str
    calls_itself: bool
    rate: str | None
    queue: str | None
    concurrency: int | None

    @property
    def deployed(self) -> str:
        """Return the stage's name of it."""
        return resource("").removesuffix("-") + self.suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A stage, by names that lack it.

    Attributes:
        keys: spec and usage of each KMS key, by its alias.
        buckets: whether each keeps versions.
        tzdata: the version that is pinned.
    """

    tables: Mapping[str, WantedTable]
    queues: Mapping[str, WantedQueue]
    keys: Mapping[str, tuple[str, str]]
    buckets: Mapping[str, bool]
    functions: Mapping[str, WantedFunction]
    tzdata: str

    @classmethod
    def of(cls, baked: Mapping[str, Any]) -> Self:
        """Return what the file says."""
        return cls(
            tables={name: _table(each) for name, each in baked["tables"].items()},
            queues={name: WantedQueue(**each) for name, each in baked["queues"].items()},
            keys={name: (each["spec"], each["usage"]) for name, each in baked["keys"].items()},
            buckets={name: each["is_versioned"] for name, each in baked["buckets"].items()},
            functions={name: WantedFunction(**each) for name, each in baked["functions"].items()},
            tzdata=baked["tzdata"],
        )


@cache
def blueprint() -> Blueprint:
    """Return how this stage is to be."""
    return Blueprint.of(json.loads(_FILE.read_text()))


def _table(baked: Mapping[str, Any]) -> WantedTable:
    indexes = {
        name: WantedIndex(
            keys=tuple(each["keys"]),
            projection=each["projection"],
            attributes=tuple(each["attributes"]),
        )
        for name, each in baked["indexes"].items()
    }
    return WantedTable(keys=tuple(baked["keys"]), indexes=indexes, ttl=baked["ttl"])
