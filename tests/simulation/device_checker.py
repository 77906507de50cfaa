"""What must be true of devices and their certificates: by the rows, and by what nodes were told."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from chalicelib.clock import to_ms
from tests.simulation.items import Item, key, number, text

if TYPE_CHECKING:
    from tests.simulation.world import World

type Broken = tuple[str, str]
OUT = "D1 nothing is let in after it was told that the device is out"
ARROWS = "D2 a device goes by the arrows that there are, one version at a time"
ENDED = "D3 a certificate that has ended stays so, and is none of a device's that is out"
ONE_EACH = "D4 a renewal has one certificate"
ONE_AUTHORITY = "D5 there is one gateway, and the front trusts what signs"
ONCE = "D6 a device is thrown out once, and the journal says so"
TRUSTED = "D7 what is issued is of an authority that the front trusts then"
BACK = "D8 by a nonce, and by a certificate that has ended, a device comes back once"
RETIRED = "D9 the front trusts who counts when all is over, and who left is told of once"
UNSAID = "D10 what was erased of a device stands there no more"

WHY = "lost by Ada"  # As operators write who throw a device out.

_OUT = {"revoked", "suspended"}
_USABLE = {"active", "issued"}
_ARROWS = {
    ("", "pending"),
    ("", "active"),  # As flows of requests begin with one.
    ("pending", "active"),
    ("pending", "revoked"),
    ("active", "suspended"),
    ("active", "revoked"),
    ("suspended", "revoked"),
    ("suspended", "cleared"),
    ("revoked", "cleared"),
    ("cleared", "active"),
    ("cleared", "revoked"),
}
_CERTIFICATE = {
    ("", "issued"),
    ("issued", "active"),
    ("issued", "revoked"),
    ("issued", "superseded"),
    ("active", "superseded"),
    ("active", "revoked"),
    ("superseded", "revoked"),
}


def moved(world: "World", old: Item | None, new: Item | None) -> Iterator[Broken]:
    """Judge a write of a device, a certificate, or who the gateway is."""
    written = new or old or {}
    if old is None and new is not None and "origin" in new and not _is_trusted(world, new):
        yield TRUSTED, key(new)
    if "gateway_id" in written:
        if new is None or (old is not None and old["gateway_id"] != new["gateway_id"]):
            yield ONE_AUTHORITY, key(written)
    elif text(written, "pk").endswith("#device"):
        yield from _device(old, new)
    elif "origin" in written:
        yield from _certificate(old, new)


def _device(old: Item | None, new: Item | None) -> Iterator[Broken]:
    if new is None:
        yield ARROWS, f"{key(old or {})} is gone"
        return
    before, after = text(old or {}, "state"), text(new, "state")
    raised = number(new, "version") - number(old or {}, "version")
    if raised != 1 or (before != after and (before, after) not in _ARROWS):
        yield ARROWS, f"{key(new)}: {before} to {after}, {raised} versions later"
    if after in _OUT and ("current" in new or "offered" in new):
        yield ENDED, f"{key(new)} is {after} and may call"


def _certificate(old: Item | None, new: Item | None) -> Iterator[Broken]:
    before, after = text(old or {}, "state"), text(new or {}, "state")
    if before != after and (before, after) not in _CERTIFICATE:
        yield ENDED, f"{key(new or old or {})}: {before} to {after}"


def _is_trusted(world: "World", row: Item) -> bool:
    made = x509.load_pem_x509_certificate(text(row, "pem").encode())
    return any(_has_signed(each, made) for each in _authorities(_truststore(world)))


def _truststore(world: "World") -> bytes:
    return b"".join(body for name, body in world.objects.items() if "truststore" in name)


@cache
def _authorities(pem: bytes) -> Sequence[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem) if pem else ()


def _has_signed(authority: x509.Certificate, made: x509.Certificate) -> bool:
    try:
        made.verify_directly_issued_by(authority)
    except (ValueError, InvalidSignature):
        return False
    return True


def history(world: "World") -> Iterator[Broken]:
    """Judge all that was done and told, when nothing is to be done any more."""
    rows = world.checker._table("nodes")
    for print_, was_out in world.memo["let_in"]:
        if was_out:
            yield OUT, print_
    for nonce, prints in _by_nonce(world).items():
        if len(prints) > 1:
            yield ONE_EACH, f"{nonce} has {len(prints)} certificates"
    yield from _front(world, rows)
    yield from _thrown_out(world, rows)
    yield from _came_back(world, rows)
    yield from _retired(world, rows)
    yield from _erased(world, rows)


def _came_back(world: "World", rows: list[Item]) -> Iterator[Broken]:
    by_nonce: dict[str, set[str]] = {}
    for nonce, session in world.memo.get("returned", ()):
        by_nonce.setdefault(nonce, set()).add(session)
    yield from ((BACK, f"{nonce} made {len(of)}") for nonce, of in by_nonce.items() if len(of) > 1)
    ended = Counter(text(row, "recovers") for row in rows if text(row, "state") == "active")
    yield from ((BACK, f"{it} came back twice") for it, n in ended.items() if it and n > 1)
    devices = {text(row, "sk"): row for row in rows if text(row, "pk").endswith("#device")}
    for row in rows:
        if "origin" in row and text(row, "state") == "active":
            device = devices.get(text(row, "device_id"), {})
            if text(device, "current") != text(row, "sk"):
                yield BACK, f"{key(row)} counts, and is not what the device calls with"


def _erased(world: "World", rows: list[Item]) -> Iterator[Broken]:
    asked = [row for row in world.checker._table("work") if text(row, "kind") == "erasure"]
    if any(text(row, "state") == "succeeded" for row in asked):
        yield from ((UNSAID, key(row)) for row in rows if text(row, "reason") == WHY)


def _retired(world: "World", rows: list[Item]) -> Iterator[Broken]:
    now = to_ms(world.now)
    known = [row for row in rows if text(row, "sk").startswith("ca#")]
    over = [row for row in known if "trusted_until" in row and number(row, "trusted_until") <= now]
    should = {text(row, "pem").strip() for row in known if row not in over}
    end = "-----END CERTIFICATE-----"
    there = {f"{it.strip()}\n{end}" for it in _truststore(world).decode().split(end) if it.strip()}
    if there != should:
        yield RETIRED, f"the front trusts {len(there)} authorities, {len(should)} count"
    told = [each for each in _kinds(world) if each == "authority.retired"]
    if len(told) != len(over):
        yield RETIRED, f"{len(over)} authorities are over, {len(told)} events say so"


def _by_nonce(world: "World") -> dict[str, set[str]]:
    made: dict[str, set[str]] = {}
    for nonce, print_, _ in world.memo["renewed"]:
        made.setdefault(nonce, set()).add(print_)
    return made


def _front(world: "World", rows: list[Item]) -> Iterator[Broken]:
    """Judge whether the front trusts the authorities of all certificates that can be used."""
    pems = {text(row, "sk"): text(row, "pem") for row in rows if text(row, "sk").startswith("ca#")}
    heads = [row for row in rows if "gateway_id" in row]
    if len(heads) > 1:
        yield ONE_AUTHORITY, f"{len(heads)} gateways"
    trusted, now = _truststore(world), to_ms(world.now)
    usable = [
        row
        for row in rows
        if "origin" in row and text(row, "state") in _USABLE and number(row, "not_after") > now
    ]
    for row in usable:
        if pems.get(f"ca#{text(row, 'authority')}", "none").encode() not in trusted:
            yield ONE_AUTHORITY, f"{key(row)} is of an authority that the front does not trust"


def _thrown_out(world: "World", rows: list[Item]) -> Iterator[Broken]:
    kinds = _kinds(world)
    # What was cleared meanwhile is thrown out again by who asked before, and is slow.
    if (times := kinds.count("node.revoked")) > 1 + kinds.count("node.cleared"):
        yield ONCE, f"{times} times"
    if not world.memo["out"]:
        return
    if not kinds.count("node.revoked"):
        yield ONCE, "the journal says nothing"
    for row in rows:
        if text(row, "pk").endswith("#device") and text(row, "state") not in {"revoked", "cleared"}:
            yield OUT, f"{key(row)} is {text(row, 'state')}"
        if "origin" in row and text(row, "state") in _USABLE:
            yield OUT, f"{key(row)} is {text(row, 'state')}"


def _kinds(world: "World") -> list[str]:
    """Return the kinds of all events."""
    rows = world.checker._table("journal")
    return [str(json.loads(text(row, "content") or "{}").get("kind")) for row in rows]
