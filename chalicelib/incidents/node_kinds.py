"""The kinds of incidents of nodes: of pairing, of devices' certificates, and of the authority."""

from datetime import timedelta

from chalicelib.incidents.kind import (
    BlastRadius,
    Ending,
    IncidentDomain,
    IncidentKind,
    IncidentSeverity,
    by_hand,
)

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

PAIRING_GUESSED = IncidentKind(
    "pairing-guessed",
    IncidentDomain.NODE,
    IncidentSeverity.HIGH,
    "20 attempts to pair failed within ten minutes, over all codes of the stage",
    "new attempts are answered slowly; five wrong ones end a code; resolved when it has not "
    "happened again for 20 minutes",
    "end the codes that nobody needs (`palyra pairing codes`), and mint new ones only while the "
    "device is at hand; the journal's `pairing.refused` says where the attempts came from",
    by_hand("end the codes that nobody needs"),
    Ending.QUIET,
    20 * _MINUTE,
)
PAIRING_MISTYPED = IncidentKind(
    "pairing-mistyped",
    IncidentDomain.NODE,
    IncidentSeverity.HIGH,
    "the number of a pairing request was typed wrong three times: another device than the one in "
    "front of the operator may have asked",
    "the request was rejected, and its code is used up; resolved after a day",
    "mint a new code, and approve only the number that the device itself shows",
    by_hand("pair the device anew, with a code that nobody else sees", BlastRadius.WORKSPACE),
    Ending.QUIET,
    _DAY,
)
PAIRING_REJECTED = IncidentKind(
    "pairing-rejected",
    IncidentDomain.NODE,
    IncidentSeverity.MEDIUM,
    "three pairing requests of one owner were rejected within ten minutes",
    "nothing was let in; resolved after a day without another such ten minutes",
    "somebody may know codes who should not: end the open ones, and mint a new one for each device",
    by_hand("end the open codes and find out who knows them", BlastRadius.WORKSPACE),
    Ending.QUIET,
    _DAY,
)
NODE_CLONED = IncidentKind(
    "node-cloned",
    IncidentDomain.NODE,
    IncidentSeverity.CRITICAL,
    "a certificate was used after the one that follows it: two hold keys of one device",
    "the device is suspended, and none of its certificates is let in; resolved when it is revoked "
    "or cleared",
    "find out who has a copy of the device's key file, then `palyra nodes clear NODE` and pair it "
    "again, or `palyra nodes revoke NODE`",
    by_hand("find out who has a copy, then clear or revoke the device", BlastRadius.WORKSPACE),
    Ending.CAUSE,
)
CERTIFICATE_ENDING = IncidentKind(
    "certificate-ending",
    IncidentDomain.NODE,
    IncidentSeverity.MEDIUM,
    "a device's certificate ends within six hours, and the device did not renew it",
    "it can renew until the end; resolved when it uses the next certificate, is revoked, or when "
    "the end has come, which is `certificate-expired`",
    "see whether the node runs and reaches the gateway: `palyra node status` on its machine",
    by_hand("see whether the node runs and reaches the gateway", BlastRadius.SESSION),
    Ending.CAUSE,
)
CERTIFICATE_EXPIRED = IncidentKind(
    "certificate-expired",
    IncidentDomain.NODE,
    IncidentSeverity.HIGH,
    "a device's certificate has ended, and nothing follows it: the device is not let in",
    "what is asked of the node ends by its own time; resolved when the device came back, is paired "
    "again or revoked",
    "`palyra node recover` on its machine within seven days, or pair it again; `palyra nodes "
    "revoke NODE` where it is gone for good",
    by_hand("let the node come back, pair it again, or revoke it", BlastRadius.SESSION),
    Ending.CAUSE,
)
ISSUING_FAILS = IncidentKind(
    "issuing-fails",
    IncidentDomain.NODE,
    IncidentSeverity.HIGH,
    "the issuer could not issue or renew a certificate: the authority, its key in KMS or DynamoDB "
    "did not answer, or the key is not the authority's; the detail says which",
    "nodes ask again, and are let in with what they have until it ends, a day after its issue at "
    "most; resolved when it has not failed for an hour",
    "`palyra doctor --only nodes --only keys` says what is wrong with the authority and its key; "
    "put the key back behind its alias, enable it, or restore the table of nodes "
    "([certificates](certificates.md))",
    by_hand("mend the authority, or its key in KMS"),
    Ending.QUIET,
    60 * _MINUTE,
)
AUTHORITY_ENDING = IncidentKind(
    "authority-ending",
    IncidentDomain.NODE,
    IncidentSeverity.HIGH,
    "the authority that signs nodes' certificates ends within 90 days",
    "it signs until then; resolved when another one signs, or when the end has come, which is "
    "`authority-expired`",
    "let another authority follow: a new key behind the alias of the slot that does not sign, "
    "`palyra authority prepare`, let every front know it, then `palyra authority switch` "
    "([certificates](certificates.md#the-authority-and-its-rollover))",
    by_hand("prepare the next authority, and switch to it"),
    Ending.CAUSE,
)
AUTHORITY_EXPIRED = IncidentKind(
    "authority-expired",
    IncidentDomain.NODE,
    IncidentSeverity.CRITICAL,
    "the authority that signs nodes' certificates has ended: no node is let in, and nothing is "
    "issued",
    "nothing is signed with it any more; resolved when another one signs",
    "let another authority follow as for `authority-ending`; devices whose certificates ended "
    "meanwhile come back with `palyra node recover` within seven days, or are paired again",
    by_hand("prepare the next authority, and switch to it"),
    Ending.CAUSE,
)
TRUSTSTORE_CHANGED = IncidentKind(
    "truststore-changed",
    IncidentDomain.NODE,
    IncidentSeverity.CRITICAL,
    "the truststore of nodes had what is no authority of this gateway: somebody besides the issuer "
    "wrote it",
    "the issuer has written it anew within five minutes; what was there is an older version of it; "
    "nobody is let in whose certificate is not in the table; resolved when it has not "
    "happened again for a day",
    "find out who may write the bucket `trust` and did (CloudTrail, the versions of "
    "`truststore.pem`); in AWS, see that the domain names a version that the issuer wrote",
    by_hand("find out who wrote the truststore"),
    Ending.QUIET,
    _DAY,
)
AUTHORITY_MISUSED = IncidentKind(
    "authority-misused",
    IncidentDomain.NODE,
    IncidentSeverity.CRITICAL,
    "a certificate came through the front of nodes that was never issued here: the authority's key "
    "signed it and no table knows it, or an authority signed it that is none of this gateway; the "
    "detail says which",
    "the call was refused, as is every other one with a certificate that is not in the table; "
    "resolved when it has not happened again for a day",
    "signed by the authority, and the table of nodes was not set back: see in CloudTrail who "
    "called `kms:Sign`, roll the authority over and revoke what you do not know "
    "([certificates](certificates.md#the-authority-and-its-rollover)); signed by another one: see "
    "who wrote `truststore.pem`, and which version of it the front names",
    by_hand("find out who signs with the authority's key, or who wrote the truststore"),
    Ending.QUIET,
    _DAY,
)

ALL = (
    *(PAIRING_GUESSED, PAIRING_MISTYPED, PAIRING_REJECTED),
    *(NODE_CLONED, CERTIFICATE_ENDING, CERTIFICATE_EXPIRED, ISSUING_FAILS),
    AUTHORITY_MISUSED,
    *(AUTHORITY_ENDING, AUTHORITY_EXPIRED, TRUSTSTORE_CHANGED),
)
