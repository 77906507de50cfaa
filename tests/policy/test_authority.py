"""Who decides for an owner, how soon a change is seen, and that what cannot be read refuses."""

import os
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.functions.wiring import policies as wiring
from chalicelib.functions.wiring.container import Container
from chalicelib.incidents.incident import incident_id
from chalicelib.incidents.kind import IncidentDomain
from chalicelib.incidents.store import IncidentStore
from chalicelib.policy.authority import FRESH_FOR, GOOD_FOR, Authority
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Decision, Entity
from chalicelib.policy.service import PolicyService
from chalicelib.policy.store import VersionRow
from tests.policy.golden import context
from tests.support.world import World

STOP = '@id("stop") forbid (principal, action == Action::"dispatch", resource);'
SECOND = timedelta(seconds=1)
BROKEN = (
    '@id("broken") forbid (principal, action == Action::"dispatch", resource)'
    " when { 9223372036854775807 + 1 > 0 };"
)


@pytest.fixture
def of(world: World) -> Container:
    """A container of its own, which has read nothing yet."""
    return Container(settings=world.settings, clock=world.clock, random_bytes=os.urandom)


@pytest.fixture
def authority(of: Container) -> Authority:
    return wiring.authority(of)


@pytest.fixture
def service(world: World) -> PolicyService:
    """What operators do, in another container than the one that decides."""
    other = Container(
        settings=world.settings, clock=world.clock, random_bytes=_random(iter(range(256)))
    )
    return wiring.policies(other)


def _random(numbers: Any) -> Any:
    return lambda size: bytes([next(numbers)]) * size


def dispatch(authority: Authority, owner: str = "main") -> Decision:
    job = Entity("Job", "J", {"owner": owner})
    return authority.authorize(SYSTEM_DAEMON_PRINCIPAL, "dispatch", job, context(owner=owner))


def activate(service: PolicyService, text: str = STOP, owner: str = "main") -> None:
    made = service.create(owner, "token:test", text, "")
    service.activate(owner, "token:test", made.version.version)


class Unreadable:
    """A store that does not answer while it is told so."""

    def __init__(self, store: Any) -> None:
        self.store, self.is_down, self.reads = store, False, 0

    def active(self, owner: str) -> Any:
        self.reads += 1
        if self.is_down:
            raise Unavailable
        return self.store.active(owner)

    def version(self, owner: str, number: int) -> Any:
        return self.store.version(owner, number)


@pytest.fixture
def store(authority: Authority) -> Unreadable:
    store = Unreadable(authority.store)
    replaced: Any = store
    authority.store = replaced
    return store


def test_an_owner_without_policies_is_decided_about_by_the_defaults(authority: Authority) -> None:
    decision = dispatch(authority)
    assert (decision.allowed, decision.version) == (True, 0)
    assert decision.policies == ("default-dispatch-read-only",)


def test_an_activation_is_seen_after_five_seconds_and_not_read_before(
    world: World, authority: Authority, service: PolicyService, store: Unreadable
) -> None:
    assert dispatch(authority).allowed
    activate(service)
    world.clock.move(FRESH_FOR - SECOND)
    assert dispatch(authority).allowed
    assert store.reads == 1
    world.clock.move(SECOND)
    assert (dispatch(authority).policies, dispatch(authority).version) == (("stop",), 1)
    assert store.reads == 2


def test_each_owner_has_policies_of_their_own(authority: Authority, service: PolicyService) -> None:
    activate(service, owner="main")
    assert not dispatch(authority, "main").allowed
    assert dispatch(authority, "other").allowed


def test_what_was_read_decides_for_thirty_seconds_where_nothing_can_be_read(
    world: World, authority: Authority, store: Unreadable
) -> None:
    assert dispatch(authority).allowed
    store.is_down = True
    world.clock.move(GOOD_FOR - SECOND)
    assert dispatch(authority).allowed
    world.clock.move(SECOND)
    decision = dispatch(authority)
    assert (decision.allowed, decision.reason) == (False, Reason.UNAVAILABLE)
    store.is_down = False
    assert dispatch(authority).allowed


def test_a_container_that_never_read_them_refuses_and_raises_an_incident(
    authority: Authority, store: Unreadable
) -> None:
    store.is_down = True
    assert dispatch(authority).reason is Reason.UNAVAILABLE
    assert incident("policies:policy.unavailable") is not None


def test_an_active_version_that_was_changed_refuses_with_an_incident(
    authority: Authority, service: PolicyService
) -> None:
    activate(service, '@id("open") permit (principal, action, resource);')
    row = stored()
    row.update([VersionRow.text.set(row.text + " ")])
    assert dispatch(authority).reason is Reason.ERROR
    assert incident("policies:policy.error") is not None


def test_an_active_version_that_is_gone_refuses(
    authority: Authority, service: PolicyService
) -> None:
    activate(service)
    stored().delete()
    assert dispatch(authority).reason is Reason.ERROR


def test_a_policy_that_fails_refuses_with_an_incident_that_another_activation_resolves(
    world: World, authority: Authority, service: PolicyService
) -> None:
    activate(service, BROKEN)
    decision = dispatch(authority)
    assert (decision.allowed, decision.reason) == (False, Reason.ERROR)
    raised = incident("policies:policy.error")
    assert raised is not None
    assert raised.is_active
    assert raised.evidence["policy_set"] == decision.policy_set

    service.activate("main", "token:test", 0)
    world.clock.move(FRESH_FOR)
    assert dispatch(authority).allowed
    resolved = incident("policies:policy.error")
    assert resolved is not None
    assert not resolved.is_active


def test_an_incident_is_raised_once_a_minute_and_container(
    world: World, authority: Authority, service: PolicyService
) -> None:
    activate(service, BROKEN)
    for _ in range(3):
        dispatch(authority)
        world.clock.move(25 * SECOND)
    raised = incident("policies:policy.error")
    assert raised is not None
    assert raised.count == 1
    world.clock.move(10 * SECOND)
    dispatch(authority)
    again = incident("policies:policy.error")
    assert again is not None
    assert again.count == 2


def test_an_incident_that_cannot_be_raised_lets_nothing_through(
    authority: Authority, store: Unreadable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(IncidentStore, "raise_", fail)
    store.is_down = True
    assert dispatch(authority).reason is Reason.UNAVAILABLE


def test_operations_on_policies_are_decided_by_the_defaults_alone(
    authority: Authority, service: PolicyService, store: Unreadable
) -> None:
    activate(service, '@id("lock") forbid (principal, action, resource);')
    store.is_down = True
    admin = Entity("Token", "t", {"owner": "main"}, "admin")
    about = Entity("Policy", "1", {"owner": "main"})
    decision = authority.authorize(admin, "roll_back_policies", about, {"owner": "main"})
    assert decision.allowed


def stored() -> VersionRow:
    row = VersionRow.find("main#versions", "000000001")
    assert row is not None
    return row


def incident(key: str) -> Any:
    """Return the owner's incident of a key, or None."""
    return IncidentStore().get("main", incident_id("main", IncidentDomain.SCHEDULER, key))
