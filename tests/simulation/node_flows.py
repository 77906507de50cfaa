"""Flows of devices that are paired: renewed, thrown out, asked, looked at, under every fault."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.errors import NotFound, PalyraError
from chalicelib.functions.wiring import api as wiring
from chalicelib.functions.wiring import nodes
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.capabilities.capability import Capability, Effect
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.enforcement.service import Call
from chalicelib.nodes.pairing.deciding import Approval
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import NewCode
from cli.node import identity
from tests.simulation import device_checker
from tests.simulation.device_checker import WHY
from tests.simulation.flows import deliver, flow, operate
from tests.simulation.invocation_flows import FLOWS, asking, poll
from tests.simulation.node_services import CAPABILITY, ORIGIN
from tests.simulation.pairing_flows import WEIGHT, Device, _csr, _key, a_code
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

_FIRST, _SECOND = "token:first", "token:second"
_HOUR = timedelta(hours=1)
_DEVICE = f"01J{'0' * 23}"
_NEXT = 11  # The number of the key that a renewal is asked for.


# What flows begin with.


def nobody(world: World) -> None:
    """Begin with an empty world, in which nobody knows who the gateway is."""
    world.memo.update(node="", let_in=(), renewed=(), out=False)


def a_node(world: World) -> None:
    """Begin with a device that is paired, and was told what its next renewal is signed with."""
    api = world.functions.api
    a_code(world)
    device = Device(world, 1)
    device._begin(api)
    device._hello(api)
    (request,) = api.pairing.requests.list("main")
    approval = Approval(request.version, request.spki_sha256, device.sas)
    api.pairing.requests.approve("main", _FIRST, request.id, approval)
    device._claim(api)
    device._activate(api)
    nobody(world)
    (paired,) = CertificateStore().certificates("main", _DEVICE, None, 5).items
    nonce = api.devices.nonce("main", _DEVICE, api.clock.now()).text
    gateway = nodes.gateway(api.container).gateway_id
    proof = identity.renewal_proof(_key(_NEXT), gateway, _DEVICE, nonce)
    asked = {"csr_pem": _csr(_NEXT), "nonce": nonce, "proof": proof}
    world.memo.update(node=_DEVICE, first=(paired.fingerprint, paired.pem), asked=asked)


def a_node_that_is_out(world: World) -> None:
    """Begin with a device that was thrown out, with the reason that somebody wrote."""
    a_node(world)
    api = world.functions.api
    api.devices.revoke("main", _DEVICE, WHY, _FIRST, api.clock.now())
    world.memo.update(out=True, subject=_DEVICE)


def an_answered_request(world: World) -> None:
    """Begin with a task whose run asked a node, and was answered."""
    asking()(world)
    deliver(world)
    world.settle()
    poll(world, "first")
    world.settle()
    deliver(world)
    world.settle()
    world.memo["subject"] = world.memo["task"]


# What happens.


def _by(
    world: World, act: Callable[[Any], None], name: str = "node", *, elsewhere: bool = False
) -> None:
    function = world.functions.second_api if elsewhere else world.functions.api
    world.invoke(function, partial(act, function), name)


def call(world: World, print_: str, pem: str, *, elsewhere: bool = False) -> None:
    """Let somebody call with a certificate, and note whether it was let in, and when it began."""

    def act(function: Any) -> None:
        was_out = world.memo["out"]
        context = {
            "domainName": ORIGIN,
            "identity": {"clientCert": {"clientCertPem": pem}},
        }
        function.gatekeeper.admit(Call(context, _DEVICE))
        world.memo["let_in"] = (*world.memo["let_in"], (print_, was_out))

    _by(world, act, elsewhere=elsewhere)


def renew(world: World, *, elsewhere: bool = False) -> None:
    """Let the node ask for its next certificate, by the words that it has."""

    def act(function: Any) -> None:
        asked, shown = world.memo["asked"], world.memo["first"][0]
        made = nodes.remote_issuer(function.container).renew("main", _DEVICE, shown, asked)
        told = (asked["nonce"], made.fingerprint, made.pem)
        world.memo["renewed"] = (*world.memo["renewed"], told)

    _by(world, act, elsewhere=elsewhere)


def ask_nonce(world: World) -> None:
    """Let the node ask what it has to sign."""

    def act(function: Any) -> None:
        function.devices.nonce("main", _DEVICE, function.clock.now())

    _by(world, act)


def call_with_all(world: World) -> None:
    """Let the node call with each certificate that it was ever told of."""
    call(world, *world.memo["first"])
    call_with_last(world)


def call_with_last(world: World) -> None:
    """Let the node call with the certificate that it was told of last, if it was told of one."""
    for _, print_, pem in world.memo["renewed"][-1:]:
        call(world, print_, pem, elsewhere=True)


def revoke(world: World, by: str, *, elsewhere: bool = False) -> None:
    """Let an operator throw the device out; from the answer on, it is out."""

    def act(function: Any) -> None:
        function.devices.revoke("main", _DEVICE, WHY, by, function.clock.now())
        world.memo["out"] = True

    operate(world, act, elsewhere=elsewhere)


@flow(a_node, WEIGHT)
def renewed(world: World) -> None:
    """A node renews by two containers at once, by the same words, and calls with both."""
    ask_nonce(world)
    renew(world)
    renew(world, elsewhere=True)
    world.settle()
    renew(world)
    world.settle()
    call_with_all(world)
    world.settle()
    call_with_last(world)
    world.settle()


@flow(a_node, WEIGHT)
def copied(world: World) -> None:
    """Who holds a copy of a node's key calls with it after the node has renewed."""
    renew(world)
    world.settle()
    call_with_last(world)
    world.settle()
    call_with_last(world)
    call(world, *world.memo["first"])
    world.settle()
    call_with_last(world)
    operate(world, partial(_clear, _FIRST), elsewhere=True)
    world.settle()


@flow(a_node, WEIGHT)
def thrown_out(world: World) -> None:
    """Two operators throw a device out while it renews and calls; then it tries everything."""
    renew(world, elsewhere=True)
    call(world, *world.memo["first"])
    revoke(world, _FIRST)
    revoke(world, _SECOND, elsewhere=True)
    world.settle()
    renew(world)
    call_with_all(world)
    world.settle()
    operate(world, partial(_clear, _FIRST))
    operate(world, partial(_clear, _SECOND), elsewhere=True)
    world.settle()
    call_with_all(world)
    world.settle()


def _clear(by: str, function: Any) -> None:
    function.devices.clear("main", _DEVICE, "found again", by, function.clock.now())


@flow(nobody, WEIGHT)
def first_codes(world: World) -> None:
    """Two operators mint the first codes at once: who the gateway is, is made on first need."""
    for by, elsewhere in ((_FIRST, False), (_SECOND, True)):
        operate(world, partial(_mint, by), elsewhere=elsewhere)
    world.settle()
    operate(world, _end_codes)
    operate(world, _end_codes, elsewhere=True)
    world.settle()


def _mint(by: str, function: Any) -> None:
    new = NewCode(PairingMethod.QR, ClientKind.CLI, timedelta(minutes=10), "", "https://sim")
    function.pairing.codes.mint("main", by, new)


def _end_codes(function: Any) -> None:
    for code in function.pairing.codes.list("main"):
        function.pairing.codes.revoke("main", _FIRST, code.id)


@flow(a_node, WEIGHT)
def rolled_over(world: World) -> None:
    """Two operators roll the authority over, step by step at once, while the node renews."""
    for step in ("prepare", "switch"):
        for elsewhere in (False, True):
            operate(world, partial(_roll, step), elsewhere=elsewhere)
        if step == "switch":
            renew(world)
        world.settle()
    renew(world, elsewhere=True)
    world.settle()
    call_with_all(world)
    world.settle()


def _roll(step: str, function: Any) -> None:
    nodes.remote_issuer(function.container).roll_over(step, _FIRST)


@flow(a_node, WEIGHT)
def not_renewed(world: World) -> None:
    """A certificate ends, and nothing follows it; two sweeps look."""
    for hours in (19, 6):
        world.skip_time(hours * _HOUR)
        for sweep in (world.functions.sweep, world.functions.second_sweep):
            world.invoke(sweep, sweep.certificate_watch.run, sweep.name)
        world.settle()
        call_with_all(world)
        world.settle()


@flow(a_node, WEIGHT)
def declared(world: World) -> None:
    """A device says by two containers what it can do, which is granted and taken back at once."""
    _by(world, _declare)
    _by(world, _declare, elsewhere=True)
    world.settle()
    operate(world, _grant)
    operate(world, _grant, elsewhere=True)
    _by(world, _declare)
    world.settle()
    operate(world, _take_back)
    operate(world, _grant, elsewhere=True)
    world.settle()


def _declare(function: Any) -> None:
    device = CertificateStore().device("main", _DEVICE)
    if device is None:
        raise NotFound("there is no node")
    able = Capability(
        name=CAPABILITY,
        description="Open the door.",
        arguments={"type": "object"},
        effect=Effect.WRITE,
        is_idempotent=False,
        needs_mediation=False,
    )
    function.capabilities.register(device, [able])


def _grant(function: Any) -> None:
    function.capabilities.grant("main", _DEVICE, CAPABILITY, "", _FIRST)


def _take_back(function: Any) -> None:
    function.capabilities.revoke("main", _DEVICE, CAPABILITY, _FIRST)


@flow(a_node, WEIGHT)
def looked_at(world: World) -> None:
    """An operator looks at all there is, and changes nothing."""
    operate(world, _look)
    world.settle()


def _look(function: Any) -> None:
    looks: tuple[Callable[[], object], ...] = (
        lambda: function.devices.devices("main", None, 10),
        lambda: function.devices.certificates_of("main", _DEVICE, None, 10),
        lambda: function.pairing.codes.list("main"),
        lambda: function.pairing.requests.list("main"),
        lambda: function.capabilities.list("main", _DEVICE),
        lambda: function.invoker.list("main", _DEVICE, None, 10),
        lambda: function.dispatcher.waiting(CertificateStore().device("main", _DEVICE)),
        lambda: AuthorityStore().known(),
        lambda: nodes.remote_issuer(function.container).gateway(function.clock.now()),
    )
    for each in looks:
        # What cannot be read this time says so, and is no reason not to read the next.
        with suppress(PalyraError):
            each()


@flow(an_answered_request, WEIGHT)
def request_erased(world: World) -> None:
    """What a run asked of a node is erased with it, by two workers, one of which comes late."""
    operate(world, partial(_erase, world))
    world.settle()
    for message in world.queues.visible():
        world.queues.duplicate(message)
    deliver(world)
    world.settle()
    world.pass_time(MINUTE)
    deliver(world)
    world.settle()


def _erase(world: World, function: Any) -> None:
    fields = {"subject": world.memo["subject"], "reason": "asked for"}
    wiring.erasures(function.container).ask("main", _FIRST, fields)


@flow(a_node_that_is_out, WEIGHT)
def node_erased(world: World) -> None:
    """What was written on a device that is out is erased, while an operator clears it."""
    operate(world, partial(_erase, world))
    world.settle()
    deliver(world)
    operate(world, partial(_clear, _SECOND), elsewhere=True)
    world.settle()
    world.pass_time(MINUTE)
    deliver(world)
    world.settle()


# What is judged.


def judge(world: World) -> None:
    """Judge a world in which all that was begun is over."""
    world.checker.judge(device_checker.history(world))
