"""The settings: what there is, its defaults and ranges, and what must fit together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chalicelib.errors import InvalidSettings
from chalicelib.settings.declaration import Declaration, declarations, declare
from chalicelib.settings.kinds import (
    CronFields,
    DomainName,
    Kind,
    OneOf,
    Switch,
    TimeZone,
    WholeNumber,
)
from chalicelib.settings.loading import find
from chalicelib.settings.reading import ENVIRONMENT, refusal

if TYPE_CHECKING:
    from chalicelib.settings.report import Reported

# What a message may come late without its slot being called missed.
_MARGIN_SECONDS = 30
_TOGETHER = {"scheduler.horizon_seconds", "scheduler.misfire_grace_seconds"}


def _number(key: str, default: int, ends: tuple[int, int], text: str) -> Any:
    """Declare a whole number with its default and inclusive range."""
    return declare(Declaration(key, default, WholeNumber(*ends), text))


def _limit(key: str, example: int, most: int, text: str) -> Any:
    """Declare a whole number from 1 that is unset by default."""
    return declare(Declaration(key, None, WholeNumber(1, most), text, example=example))


def _mode(key: str, text: str) -> Any:
    """Declare a mode of healing, which is unset by default."""
    kind = OneOf("disabled", "observe_only", "auto")
    return declare(Declaration(key, None, kind, text, example="observe_only"))


def _text(key: str, default: str, kind: Kind, text: str) -> Any:
    """Declare a text."""
    return declare(Declaration(key, default, kind, text))


def _switch(key: str, text: str, *, default: bool) -> Any:
    """Declare something that is on or off."""
    return declare(Declaration(key, default, Switch(), text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings of one container; what each means is in its declaration.

    Attributes:
        sources: where the values come from that are not the default, by key.
    """

    horizon_seconds: int = _number(
        "scheduler.horizon_seconds",
        150,
        (120, 840),
        "how far ahead of its instant a slot is handed over; two ticks see it",
    )
    misfire_grace_seconds: int = _number(
        "scheduler.misfire_grace_seconds",
        180,
        (150, 86_400),
        "how late a slot may be and still run; at least horizon_seconds + 30",
    )
    shards: int = _number(
        "scheduler.shards", 4, (1, 64), "partitions of the sweep indexes; may only grow"
    )
    lease_seconds: int = _number(
        "tasks.lease_seconds", 60, (1, 900), "how long a worker's claim lasts without a renewal"
    )
    max_attempts: int = _number(
        "tasks.max_attempts", 3, (1, 16), "tries that a task gets before it ends failed"
    )
    retry_base_seconds: int = _number(
        "tasks.retry_base_seconds",
        10,
        (1, 900),
        "the pause after a first failed attempt; doubled for each further one",
    )
    cancel_grace_seconds: int = _number(
        "tasks.cancel_grace_seconds",
        120,
        (1, 3_600),
        "how long a worker has to obey a request to stop",
    )
    max_hops: int = _number(
        "tasks.max_hops", 100, (1, 10_000), "how often a task may go on in another invocation"
    )
    max_depth: int = _number("tasks.max_depth", 8, (1, 64), "how many tasks may follow each other")
    delegation_depth: int = _number(
        "delegation.depth", 3, (1, 8), "levels below a task that nobody delegated"
    )
    delegation_children: int = _number(
        "delegation.children", 8, (1, 64), "tasks that one task may delegate in all"
    )
    delegation_total: int = _number(
        "delegation.total", 16, (1, 256), "tasks that a whole tree may have besides its root"
    )
    delegation_concurrent: int = _number(
        "delegation.concurrent", 2, (1, 16), "children of one task that run at once"
    )
    delegation_groups: int = _number(
        "delegation.groups", 2, (1, 16), "groups of one task's children that run at once"
    )
    delegation_timeout_seconds: int = _number(
        "delegation.timeout_seconds",
        600,
        (10, 21_600),
        "how long a delegated task may take from its first claim",
    )
    max_steps: int = _number(
        "runs.max_steps", 32, (2, 256), "model and tool calls that a run may make"
    )
    runs_retention_days: int = _number(
        "runs.retention_days", 90, (1, 3_650), "how long runs are kept"
    )
    ledger_retention_days: int = _number(
        "ledger.retention_days", 400, (1, 3_650), "how long the rows of slots and tasks are kept"
    )
    approval_timeout_seconds: int = _number(
        "approvals.timeout_seconds",
        3_600,
        (60, 604_800),
        "how long an approval can be decided; what waits for it ends denied then",
    )
    approval_standing_days: int = _number(
        "approvals.standing_days",
        30,
        (1, 365),
        "how long an approval for a whole routine lasts, unless the routine is changed before",
    )
    approval_people: int = _number(
        "approvals.people", 1, (1, 2), "with 2, who asked for something may not approve it"
    )
    journal_retention_days: int = _number(
        "journal.retention.days",
        400,
        (30, 36_500),
        "how old an event is before it is moved from the table to S3, where it stays",
    )
    journal_retention_interval_seconds: int = _number(
        "journal.retention.interval_seconds",
        3_600,
        (300, 86_400),
        "how often somebody looks for events that are to be moved",
    )
    timezone: str = _text(
        "cron.timezone", "utc", TimeZone(), "the time zone of schedules that name none"
    )
    nodes_origin: str | None = declare(
        Declaration(
            "nodes.origin",
            None,
            DomainName(),
            "the domain that asks for client certificates; nodes get in there alone, or nowhere",
            example="nodes.example.com",
        )
    )
    pairing_qr: bool = _switch(
        "pairing.qr", "whether codes to be scanned may be minted, beside PINs", default=True
    )
    pairing_two_person: bool = _switch(
        "pairing.two_person",
        "whether another person than the one who minted the code must approve its request",
        default=False,
    )
    memory_max_entries: int | None = _limit(
        "memory.retention.max_entries",
        20_000,
        1_000_000_000,
        "items that memory keeps; the oldest go first",
    )
    memory_max_bytes: int | None = _limit(
        "memory.retention.max_bytes",
        1_000_000_000,
        1_000_000_000_000_000,
        "bytes that memory keeps; the oldest items go first",
    )
    memory_ttl_days: int | None = _limit(
        "memory.retention.ttl_days", 365, 36_500, "how long memory keeps an item"
    )
    vacuum_schedule: str = _text(
        "memory.retention.vacuum_schedule",
        "0 0 * * 0",
        CronFields(),
        "when memory is rebuilt, in UTC",
    )
    healing_mode: str | None = _mode(
        "healing.mode",
        "what healing does; unset is auto at low risk, else observe_only",
    )
    healing_watchdog_mode: str | None = _mode(
        "healing.watchdog.mode", "the same for dead work, heartbeats, functions and clocks alone"
    )
    healing_scheduler_mode: str | None = _mode(
        "healing.scheduler.mode", "the same for ticks, slots, jobs and policies alone"
    )
    healing_queue_mode: str | None = _mode(
        "healing.queue.mode", "the same for messages and tasks alone"
    )
    healing_approval_mode: str | None = _mode(
        "healing.approval.mode", "the same for approvals alone"
    )
    healing_node_mode: str | None = _mode(
        "healing.node.mode", "the same for pairing, devices and their certificates alone"
    )
    healing_journal_mode: str | None = _mode(
        "healing.journal.mode", "the same for the journal alone"
    )
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a grace under which a handed-over slot could be called missed."""
        least = self.horizon_seconds + _MARGIN_SECONDS
        if self.misfire_grace_seconds < least:
            grace = self._named("misfire_grace_seconds")
            detail = f"{grace} is {self.misfire_grace_seconds}"
            fix = f"use at least {self._named('horizon_seconds')} + {_MARGIN_SECONDS}, here {least}"
            raise InvalidSettings(detail, field=grace, fix=fix)

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
    def load(cls, environment: Mapping[str, str], toml_path: Path) -> Self:
        """Read the settings; a variable outranks the file, and what neither sets is the default.

        Args:
            environment: of which only `PALYRA_*` variables are read.
            toml_path: the file, which need not be there.

        Raises:
            InvalidSettings: something is unknown, not of its type or not in its range; names
                each such key or variable.
        """
        declared = declarations(cls)
        found = find(declared.values(), environment, toml_path)
        given: dict[str, Any] = {
            name: found.values[each.key]
            for name, each in declared.items()
            if each.key in found.values
        }
        try:
            settings = cls(**given, sources=found.sources)
        except InvalidSettings as misfit:
            sure = () if found.doubtful & _TOGETHER else misfit.faults
            raise refusal([*found.faults, *sure]) from None
        if found.faults:
            raise refusal(found.faults)
        return settings

    def report(self) -> "list[Reported]":
        """Return each setting with its effective value and where that comes from."""
        from chalicelib.settings.report import report  # noqa: PLC0415  only the API shows them

        declared = declarations(self)
        values = {each.key: getattr(self, name) for name, each in declared.items()}
        return report(declared.values(), values, self.sources)

    def _named(self, name: str) -> str:
        """Return what names a setting where it was set."""
        declared = declarations(self)[name]
        in_environment = self.sources.get(declared.key) == ENVIRONMENT
        return declared.variable if in_environment else declared.key
