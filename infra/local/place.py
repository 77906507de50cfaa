"""Where one local cloud lives: a state folder and three ports, and what emulates AWS there.

Two clouds of one checkout share nothing but the checkout, which is only read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from infra.local.errors import LocalCloudError

LOOPBACK = "127.0.0.1"
STAGE = "local"
_LAST_PORT = 65535
CHECKOUT = Path(__file__).resolve().parents[2]


class Emulator(StrEnum):
    """What emulates AWS.

    MiniStack is ours: started with the cloud, bridged, saved and ended with it. LocalStack is
    whoever's runs at the endpoint: it is used as it is, and left running.
    """

    MINISTACK = "ministack"
    LOCALSTACK = "localstack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The state folder and the ports of one local cloud."""

    state: Path
    port: int
    emulator_port: int
    node_port: int = 8443
    emulator: Emulator = Emulator.MINISTACK

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read STATE, PORT, NODE_PORT, EMULATOR_PORT and EMULATOR.

        Raises:
            LocalCloudError: one of them cannot be; says which, and the fix.
        """
        return cls(
            state=Path(environment.get("STATE") or ".palyra").absolute(),
            port=_port(environment, "PORT", 8400),
            emulator_port=_port(environment, "EMULATOR_PORT", 4566),
            node_port=_port(environment, "NODE_PORT", 8443),
            emulator=_emulator(environment.get("EMULATOR") or Emulator.MINISTACK),
        )

    @property
    def is_ours(self) -> bool:
        """Whether the emulator is started and ended with this cloud."""
        return self.emulator is Emulator.MINISTACK

    @property
    def url(self) -> str:
        """The origin of API and console."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def nodes_url(self) -> str:
        """The origin of nodes, which asks for client certificates."""
        return f"https://{LOOPBACK}:{self.node_port}"

    @property
    def nodes_key(self) -> Path:
        """The private key of that origin's own certificate."""
        return self.state / "nodes-key.pem"

    @property
    def nodes_certificate(self) -> Path:
        """The certificate of that origin, which nodes know it by."""
        return self.state / "nodes.pem"

    @property
    def emulator_url(self) -> str:
        """The endpoint of every AWS call."""
        return f"http://{LOOPBACK}:{self.emulator_port}"

    @property
    def lock(self) -> Path:
        """Held by the process that runs this cloud."""
        return self.state / "lock"

    @property
    def up_file(self) -> Path:
        """Says how to reach a cloud that is ready."""
        return self.state / "up.json"

    @property
    def token(self) -> Path:
        """The clear text of the admin's API token."""
        return self.state / "token"

    @property
    def log(self) -> Path:
        """What emulator and functions print."""
        return self.state / "emulator.log"

    @property
    def log_of_emulator(self) -> str:
        """Where a person finds what emulator and functions print."""
        return str(self.log) if self.is_ours else "LocalStack's own log"

    @property
    def emulated(self) -> Path:
        """The snapshots of the emulated services."""
        return self.state / "emulated"

    @property
    def objects(self) -> Path:
        """The bytes of the emulated S3."""
        return self.state / "objects"

    @property
    def packages(self) -> Path:
        """The functions' packages, unpacked."""
        return self.state / "packages"

    @property
    def deploy(self) -> Path:
        """The copy of the checkout that `chalice deploy` runs in."""
        return self.state / "deploy"

    @property
    def temporary(self) -> Path:
        """The temporary folder of every process of this cloud: ours to empty."""
        return self.state / "tmp"


def _emulator(text: str) -> Emulator:
    try:
        return Emulator(text)
    except ValueError as error:
        known = " or ".join(f"EMULATOR={each}" for each in Emulator)
        raise LocalCloudError(f"EMULATOR={text} is not known. Give {known}, or none") from error


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if text.isascii() and text.isdecimal() and 0 < int(text) <= _LAST_PORT:
        return int(text)
    raise LocalCloudError(
        f"{name}={text} is not a port. Give a number from 1 to 65535, e.g. {name}={default}"
    )
