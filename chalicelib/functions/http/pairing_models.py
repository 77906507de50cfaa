"""The shapes of requests about pairing: those of operators, and those of devices."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chalicelib.functions.http.fields import refusal
from chalicelib.functions.http.pairing_fields import (
    Certificate,
    CodeId,
    Csr,
    DeviceId,
    Fingerprint,
    Kind,
    Label,
    Mac,
    Message,
    Method,
    Nonce,
    Number,
    Protocol,
    RequestVersion,
    Seconds,
    Sha256,
    Signature,
    Why,
)
from chalicelib.nodes.pairing.deciding import Approval
from chalicelib.nodes.pairing.limits import USUAL_CODE
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import NewCode

_USUAL_SECONDS = int(USUAL_CODE.total_seconds())


class NewPairingCode(BaseModel):
    """A code that is to be minted."""

    model_config = ConfigDict(extra="forbid")

    method: Method
    client_kind: Kind
    ttl_s: Seconds = _USUAL_SECONDS
    label: Label = ""

    def code(self, url: str) -> NewCode:
        """Return the code to mint, of a gateway that nodes reach at a URL."""
        return NewCode(
            method=PairingMethod(self.method),
            client_kind=ClientKind(self.client_kind),
            lasts=timedelta(seconds=self.ttl_s),
            label=self.label,
            url=url,
        )


class PairingApproval(BaseModel):
    """What exactly is approved."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    version: RequestVersion
    identity_fingerprint: Fingerprint
    sas: Annotated[
        Number | None,
        Field(
            description="The six digits that the device shows; may be left out for a device that"
            " comes back with its last key."
        ),
    ] = None
    replaces: Annotated[
        DeviceId | None,
        Field(description="The paired device that is thrown out, where the request says so."),
    ] = None
    reason: Why = ""

    def approval(self) -> Approval:
        """Return what the operator approves."""
        return Approval(
            version=self.version,
            identity_fingerprint=self.identity_fingerprint,
            sas=self.sas,
            replaces=self.replaces,
            reason=self.reason,
        )


class PairingRejection(BaseModel):
    """What exactly is rejected."""

    model_config = ConfigDict(extra="forbid")

    version: RequestVersion
    reason: Why = ""


class PairingBegin(BaseModel):
    """What a device begins with that was told a code."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    v: Protocol
    code_id: CodeId
    method: Method
    client_kind: Kind
    device_id: DeviceId
    spki_sha256: Sha256
    msg_a: Message


class PairingRecoveryBegin(BaseModel):
    """The question what the last key has to sign."""

    model_config = ConfigDict(extra="forbid")

    v: Protocol = 1


class PairingRecovery(BaseModel):
    """What a device comes back with whose certificate has ended."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    v: Protocol
    device_id: DeviceId
    nonce: Nonce
    certificate_pem: Certificate
    csr_pem: Csr
    proof: Signature


class PairingHello(BaseModel):
    """What a device proves its code with, and asks its certificate with."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    confirm: Mac
    csr_pem: Csr


class PairingClaim(BaseModel):
    """The question what became of a request; without a proof, only what to prove it with."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    nonce: Nonce | None = None
    mac: Mac | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.nonce is None) != (self.mac is None):
            raise refusal("it has only half of a proof", "send nonce and mac, or neither")
        return self
