"""Planted bugs of policies: of those that operators write, and of each policy of a job."""

from tests.simulation import misfire_checker, policy_checker
from tests.simulation.bugs import bug
from tests.simulation.concurrency_bugs import DECIDES
from tests.simulation.misfire_bugs import BUGS

__all__ = ["BUGS"]
_AUTHORITY = "chalicelib.policy.authority:Authority."

# Policies at dispatch.

bug(
    "denied-and-run",
    "a slot runs although the policies forbid it",
    "tightened loosened",
    policy_checker.DECIDE,
    ("chalicelib.scheduler.dispatch:Dispatch.perform", "if not decision.allowed:", "if False:"),
)
bug(
    "policies-read-once",
    "a container reads once which policies are active, and never again",
    "tightened loosened",
    policy_checker.DECIDE,
    (f"{_AUTHORITY}engine", "abs(now - held.read_at) < FRESH_FOR", "True"),
)
bug(
    "policies-good-for-ever",
    "where the active policies cannot be read, the last ones decide however old they are",
    "tightened loosened",
    policy_checker.DECIDE,
    (f"{_AUTHORITY}engine", "abs(now - held.read_at) >= GOOD_FOR", "False"),
)
bug(
    "unreadable-policies-allow",
    "where the active policies cannot be read, the defaults decide",
    "tightened loosened",
    policy_checker.DECIDE,
    (
        f"{_AUTHORITY}authorize",
        "return self._refused(owner, Reason.UNAVAILABLE)",
        "return self.defaults.authorize(principal, action, resource, context)",
    ),
)
bug(
    "activated-over-another",
    "who activates policies does not notice that somebody else did meanwhile",
    "activated-twice",
    policy_checker.FOLLOW,
    (
        "chalicelib.policy.store:PolicyStore.activation",
        "absent if seen.number == 0 else same",
        "absent | ActiveRow.pk.exists()",
    ),
)

# A job's own.

bug(
    "caught-up-against-the-policy",
    "a job that skips runs what it missed",
    "missed",
    (misfire_checker.FEW, misfire_checker.PLANNED),
    (
        "chalicelib.scheduler.misfire:plan",
        "if policy is CronMisfirePolicy.SKIP:",
        "if policy is None:",
    ),
)
bug(
    "replaced-since-it-fired",
    "who replaces a slot does not ask whether it has fired since it was seen",
    "limited-and-replaced",
    (misfire_checker.LIMIT, misfire_checker.COUNTED),
    (
        "chalicelib.background.store:WorkStore.replace_write",
        "as_seen = WorkRow.outcome == task.outcome",
        "as_seen = None",
    ),
)
bug(
    "waiting-although-forbidden",
    "a slot of a job that forbids waits for the one that runs",
    "forbidden",
    DECIDES,
    (
        "chalicelib.scheduler.concurrency:meet",
        "if policy is CronConcurrencyPolicy.QUEUE_ONE:",
        "if policy is not CronConcurrencyPolicy.REPLACE:",
    ),
)
