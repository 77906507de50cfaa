"""What makes the checks of nodes and approvals see something wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from ulid import ULID

from chalicelib.approvals.prompt import Code, closed
from chalicelib.approvals.rows import PromptRow
from chalicelib.functions.wiring import issuer as issuing
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring import pairing
from chalicelib.functions.wiring.container import Container
from chalicelib.nodes.capabilities.invocations.request import CapabilityRequest, Limits
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import NewCode
from tests.nodes.gateway import Gateway, Node, common_name, new_key
from tests.support import stage as support
from tests.support.approvals import POST, Desk
from tests.support.stage import Stage, client

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TRUSTSTORE = "truststore.pem"


@dataclass
class GatewayOfStage(Gateway):
    """The gateway of a stage, in the stage's own container."""

    stage: Stage

    @property
    def of(self) -> Container:
        return self.stage.container


def a_node(stage: Stage) -> Node:
    """Pair a node."""
    return GatewayOfStage(stage.world, stage).node()


def an_authority_that_follows(stage: Stage) -> None:
    authorities = issuing.issuer(a_node(stage).gateway.of).authorities
    authorities.prepare("token:laptop", stage.world.clock.now())


def an_approval_nobody_looks_after(stage: Stage) -> None:
    Desk(stage.world).task(POST)
    stage.world.clock.move(2 * HOUR)


def another_key_behind_the_alias(stage: Stage) -> None:
    a_node(stage)
    key = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    client("kms").update_alias(
        AliasName="alias/palyra-local-nodes-a", TargetKeyId=key["KeyMetadata"]["KeyId"]
    )


def an_empty_truststore(stage: Stage) -> None:
    a_node(stage)
    put_truststore(b"")


def put_truststore(content: bytes) -> None:
    client("s3").put_object(Bucket=support.bucket("trust"), Key=TRUSTSTORE, Body=content)


def a_certificate_that_has_ended(stage: Stage) -> None:
    a_node(stage)
    stage.world.clock.move(26 * HOUR)


def a_certificate_that_ends(stage: Stage) -> None:
    a_node(stage)
    stage.world.clock.move(20 * HOUR)


def a_clone(stage: Stage) -> None:
    node = a_node(stage)
    certificate = node.gateway.certificate(node)
    wiring.devices(stage.container).suspend(certificate, stage.world.clock.now())


def a_code_that_nobody_ended(stage: Stage) -> None:
    a_node(stage)  # Whose authority a code is minted with.
    new = NewCode(PairingMethod.PIN, ClientKind.DAEMON, 10 * MINUTE, "garage pi", "https://api")
    pairing.pairing(stage.container).codes.mint("main", "token:laptop", new)
    stage.world.clock.move(15 * MINUTE)


def a_request_that_nobody_ended(stage: Stage) -> None:
    node, now = a_node(stage), stage.world.clock.now()
    request = CapabilityRequest(
        owner="main",
        device_id=node.id,
        id=str(ULID()),
        capability="disk.look",
        terms_sha256="0" * 64,
        is_idempotent=True,
        needs_mediation=False,
        arguments="{}",
        requested_by="token:laptop",
        limits=Limits(MINUTE, MINUTE),
        created_at=now,
        changed_at=now,
        deadline=now + MINUTE,
    )
    store = stage.rooms().node_requests.keeper.store
    store.make(store.putting(request))
    stage.world.clock.move(5 * MINUTE)


def an_approval_that_was_decided(stage: Stage) -> None:
    """Let the process that decided it die before it told the task."""
    desk, clock = Desk(stage.world), stage.world.clock
    desk.task(POST)
    approvals = desk.approvals
    (record,) = approvals.store.list("main", None, clock.now(), None, 9).items
    after = closed(record, Code.EXPIRED, clock.now())
    PromptRow.transact(approvals.store.decide_write(after))
    clock.move(5 * MINUTE)


def a_stranger() -> str:
    """Return the certificate of an authority that is none of ours."""
    key, now = new_key(), datetime(2026, 11, 1, tzinfo=UTC)
    name = x509.Name([common_name("stranger")])
    builder = x509.CertificateBuilder(
        subject_name=name,
        issuer_name=name,
        public_key=key.public_key(),
        serial_number=7,
        not_valid_before=now,
        not_valid_after=now + timedelta(days=9),
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def delete_truststore() -> None:
    client("s3").delete_object(Bucket=support.bucket("trust"), Key=TRUSTSTORE)
