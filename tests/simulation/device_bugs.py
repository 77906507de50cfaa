"""Planted bugs of devices: of their conditions, their certificates, and who signs."""

from tests.simulation.device_checker import (
    ARROWS,
    BACK,
    ENDED,
    ONCE,
    ONE_AUTHORITY,
    ONE_EACH,
    OUT,
    RETIRED,
    TRUSTED,
    UNSAID,
)
from tests.simulation.planting import Bug, Edit

DEVICE_BUGS: list[Bug] = []
_STORE = "chalicelib.nodes.certificates.store:"
_AUTHORITIES = "chalicelib.nodes.authority.authorities:Authorities."
_RECOVERING = "chalicelib.nodes.pairing.recovering:Recovering."
_ISSUING = "chalicelib.nodes.authority.issuing:"


def _bug(
    name: str,
    what: str,
    flows: str,
    invariants: tuple[str, ...],
    *edits: Edit,
    line: str = "",
) -> None:
    line = line or f"{flows.partition(' ')[0]}:0:::"
    DEVICE_BUGS.append(Bug(name, what, tuple(flows.split()), invariants, edits, line))


_bug(
    "device-overwritten",
    "a device is changed without asking whether it is as it was seen",
    "thrown-out",
    (ARROWS, ENDED, ONCE),
    Edit(
        f"{_STORE}_device_write",
        "_is_same(before)",
        "IdentityRow.pk.exists()",
    ),
)
_bug(
    "device-erased-blindly",
    "what was written on a device is erased without asking whether it is as it was seen",
    "node-erased",
    (ARROWS,),
    Edit(
        "chalicelib.nodes.certificates.store:CertificateStore.unsay",
        "columns.device_key(device.owner, device.id), _is_same(device)",
        "columns.device_key(device.owner, device.id), IdentityRow.pk.exists()",
    ),
)
_bug(
    "device-not-erased",
    "a device that is out keeps why it was thrown out when that is erased",
    "node-erased",
    (UNSAID,),
    Edit(
        "chalicelib.nodes.certificates.store:CertificateStore.unsay",
        "IdentityRow.reason.remove(),",
        "",
    ),
)
_bug(
    "keeps-its-certificates",
    "a device that is thrown out keeps what it may call with",
    "thrown-out copied",
    (ENDED,),
    Edit("chalicelib.nodes.certificates.moves:shut", 'current="",', "current=device.current,"),
)
_bug(
    "certificates-outlive-the-device",
    "a device is thrown out, and its certificates are not ended",
    "thrown-out",
    (OUT,),
    Edit(
        "chalicelib.nodes.certificates.service:DeviceService._shut",
        "self.certificates.shutting(seen, after, ending)",
        "self.certificates.shutting(seen, after, [])",
    ),
)
_bug(
    "revoked-and-not-told",
    "who throws a device out says so before it is done",
    "thrown-out",
    (OUT, ONCE),
    Edit(
        "chalicelib.nodes.certificates.service:DeviceService._shut",
        "except Cancelled:\n            continue",
        "except Cancelled:\n            return after",
    ),
)
_bug(
    "certificate-for-each-answer",
    "a renewal that is asked for again is issued again",
    "renewed",
    (ONE_EACH,),
    Edit(
        f"{_ISSUING}CertificateIssuer.renew",
        "known := self._known(request, name, asked.serial_of)",
        "known := None",
    ),
    Edit(f"{_STORE}CertificateStore.nonce_use", '[IdentityRow.serial_of.set("used")]', "[]"),
    Edit(
        f"{_STORE}CertificateStore.offer",
        "columns.issued_row(certificate).put_write(IdentityRow.pk.does_not_exist())",
        "columns.issued_row(certificate).put_write(None)",
    ),
    Edit(
        f"{_ISSUING}CertificateIssuer._check_key",
        "if origin is CertificateOrigin.RENEWAL:",
        "if origin is None:",
    ),
    Edit(f"{_STORE}_is_free", "CertificateOrigin.PAIRING", "CertificateOrigin.RENEWAL"),
)
_bug(
    "authority-made-twice",
    "who makes the first authority does not ask whether there is one",
    "first-codes",
    (ONE_AUTHORITY,),
    Edit(
        "chalicelib.nodes.authority.store:AuthorityStore.create",
        "put_write(IdentityRow.pk.does_not_exist())",
        "put_write(None)",
    ),
    Edit(
        "chalicelib.nodes.authority.store:_new",
        "put_write(IdentityRow.pk.does_not_exist())",
        "put_write(None)",
    ),
)
_bug(
    "front-not-told",
    "an authority signs before the front trusts it",
    "rolled-over renewed",
    (ONE_AUTHORITY, RETIRED, TRUSTED),
    Edit(
        f"{_AUTHORITIES}keep", "self.truststore.keep(trusted(known, now))", "self.truststore.get()"
    ),
)
_bug(
    "issued-without-a-look-at-the-front",
    "a certificate is issued without asking whether the front trusts who signs",
    "front-changed",
    (TRUSTED,),
    Edit(f"{_ISSUING}CertificateIssuer._offer", "self.authorities.vouch(signing, now)", "None"),
)
_bug(
    "left-to-the-next-issue",
    "the sweep does not see that an authority counts no more",
    "retired",
    (RETIRED,),
    Edit(
        "chalicelib.nodes.authority.upkeep:AuthorityUpkeep._look",
        "there == trusted(known, now) and not any(each.is_over(now) for each in known)",
        "there",
    ),
)
_bug(
    "retired-whatever-it-is",
    "who retires an authority does not ask whether somebody else did",
    "retired",
    (RETIRED,),
    Edit(
        "chalicelib.nodes.authority.store:AuthorityStore.retired",
        "is_over & at.does_not_exist()",
        "is_over",
    ),
    line="retired:0::14=0:",
)
_bug(
    "nonce-used-again",
    "a device comes back by a nonce without its being used up",
    "came-back",
    (BACK,),
    Edit(f"{_RECOVERING}_recover", "self._use(asked.nonce, now)", "None"),
)
_bug(
    "two-come-back",
    "who comes back does not ask whether somebody else has come back by the same certificate",
    "two-came-back came-back-and-renewed",
    (BACK,),
    Edit(
        "chalicelib.nodes.pairing.devices:is_as_asked",
        "device is not None and device.current == session.recovers",
        "device is not None",
    ),
)
