"""What an operator may set, as one frozen object read from `PALYRA_*` variables.

Every field has a unit in its name and a range in its metadata; a value outside it is refused by
name. The stage is the one value that modules read at import, because queue and table names need
it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta

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


def _number(default: int, lowest: int, highest: int) -> int:
    """Declare a whole-number setting with its default and inclusive range."""
    value: int = field(default=default, metadata={"lowest": lowest, "highest": highest})
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings of one container.

    Attributes:
        lease_seconds: how long a worker's claim lasts without a renewal.
        horizon_seconds: how far ahead of its instant a slot is handed over; two ticks see it.
        misfire_grace_seconds: how late a slot may be and still run.
        shards: partitions of the sweep indexes; may only grow.
        max_attempts: tries a task gets before it ends failed.
        retry_base_seconds: the first back-off after a failed attempt; doubled for each further one.
        max_steps: model and tool calls a run may make.
        cancel_grace_seconds: how long a worker has to obey a request to stop.
        max_hops: how often a task may go on in another invocation.
        max_depth: how many tasks may follow each other.
        delegation_depth: levels below a task that nobody delegated.
        delegation_children: tasks that one task may delegate in all.
        delegation_total: tasks that a whole tree may have besides its root.
        delegation_concurrent: children of one task that run at once.
        delegation_groups: groups of one task's children that run at once.
        delegation_timeout_seconds: how long a delegated task may take from its first claim.
        runs_retention_days: how long runs are kept.
        ledger_retention_days: how long ledger rows are kept.
    """

    lease_seconds: int = _number(60, 1, 900)
    horizon_seconds: int = _number(150, 120, 840)
    misfire_grace_seconds: int = _number(180, 150, 86_400)
    shards: int = _number(4, 1, 64)
    max_attempts: int = _number(3, 1, 16)
    retry_base_seconds: int = _number(10, 1, 900)
    max_steps: int = _number(32, 2, 256)
    cancel_grace_seconds: int = _number(120, 1, 3_600)
    max_hops: int = _number(100, 1, 10_000)
    max_depth: int = _number(8, 1, 64)
    delegation_depth: int = _number(3, 1, 8)
    delegation_children: int = _number(8, 1, 64)
    delegation_total: int = _number(16, 1, 256)
    delegation_concurrent: int = _number(2, 1, 16)
    delegation_groups: int = _number(2, 1, 16)
    delegation_timeout_seconds: int = _number(600, 10, 21_600)
    runs_retention_days: int = _number(90, 1, 3_650)
    ledger_retention_days: int = _number(400, 1, 3_650)

    def __post_init__(self) -> None:
        """Refuse a grace under which a handed-over slot could be called missed."""
        least = self.horizon_seconds + 30
        if self.misfire_grace_seconds < least:
            raise InvalidSettings(
                f"PALYRA_MISFIRE_GRACE_SECONDS is {self.misfire_grace_seconds}",
                field="PALYRA_MISFIRE_GRACE_SECONDS",
                fix=f"use at least PALYRA_HORIZON_SECONDS + 30, here {least}",
            )

    @property
    def lease(self) -> timedelta:
        """Return how long a claim lasts."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def horizon(self) -> timedelta:
        """Return how far ahead slots are handed over."""
        return timedelta(seconds=self.horizon_seconds)

    @property
    def misfire_grace(self) -> timedelta:
        """Return how late a slot may run."""
        return timedelta(seconds=self.misfire_grace_seconds)

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings from `PALYRA_*` variables; unset ones keep their defaults.

        Raises:
            InvalidSettings: a value is not a whole number in its range; names the variable.
        """
        given: dict[str, int] = {}
        for item in fields(cls):
            variable = f"PALYRA_{item.name.upper()}"
            if variable in environment:
                lowest, highest = item.metadata["lowest"], item.metadata["highest"]
                given[item.name] = _whole(variable, environment[variable], lowest, highest)
        return cls(**given)


def _whole(variable: str, text: str, lowest: int, highest: int) -> int:
    if re.fullmatch(r"[0-9]{1,9}", text) and lowest <= int(text) <= highest:
        return int(text)
    raise InvalidSettings(
        f"{variable} is {text!r}",
        field=variable,
        fix=f"use a whole number from {lowest} to {highest}",
    )
