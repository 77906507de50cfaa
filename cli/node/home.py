"""The folder of a node: who it is, its key, and what it is at.

    node.json      which device of which gateway, and where that is
    node.pem       its private key and certificate, in one file: they change together or not at all
    offer.*        the same, of a pairing that is not activated yet
    renewal.json   the next key, from before it is asked for until it is in use
    recovery.json  the next key of a device that comes back, while an operator is asked
    seen.json      what the gateway said last
    work/          a file for each request that the node has taken and not answered

All of it is mode 0600. One command at a time uses the folder, since a certificate that is used
after its successor gets the device suspended.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from cli.node.private import private_folder, read_private, sync, write_private
from cli.problem import Exit, Problem

_FOLDER = "palyra-node"
NOT_PAIRED_FIX = "pair it with `palyra node pair`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Which device of which gateway this is.

    Attributes:
        kind: cli, desktop or daemon.
        nodes: the nodes origin.
        nodes_ca: certificates that vouch for that origin, as PEM; empty for the system's own.
        api: where the API is; empty where the device was paired before that was kept.
    """

    device_id: str
    kind: str
    gateway_id: str
    nodes: str
    nodes_ca: str = ""
    api: str = ""

    @classmethod
    def read(cls, text: str, path: Path) -> Self:
        """Return the membership of a file.

        Raises:
            Problem: it is not one.
        """
        try:
            return cls(**{name: str(value) for name, value in json.loads(text).items()})
        except (ValueError, TypeError, AttributeError) as error:
            detail = f"{path} is not what a node keeps"
            fix = "`palyra node unpair`, and pair this device again"
            raise Problem.of(Exit.FAILED, detail, fix) from error


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of a node; what is read and written may raise `Problem`."""

    path: Path

    @classmethod
    def named(cls, given: Path | None, environment: Mapping[str, str]) -> Self:
        """Return the folder that was given, or PALYRA_NODE_HOME, or the one of this user."""
        named = given or environment.get("PALYRA_NODE_HOME")
        if named:
            return cls(Path(named).absolute())
        state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return cls(Path(state).absolute() / _FOLDER)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else use the folder; where it was left in the middle of a change, end that.

        Raises:
            Problem: somebody else uses it.
        """
        private_folder(self.path)
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                detail = f"another `palyra node` uses {self.path}"
                fix = "wait until it has ended, or stop it; what runs renews by itself"
                raise Problem.of(Exit.CONFLICT, detail, fix) from error
            self._take_up()
            yield
        finally:
            os.close(handle)

    # Who it is.

    def membership(self) -> Membership:
        """Return which device this is.

        Raises:
            Problem: it is not paired.
        """
        found = self._read("node.json")
        if found is None:
            detail = f"{self.path} holds no paired device"
            raise Problem.of(Exit.NOT_FOUND, detail, NOT_PAIRED_FIX)
        return Membership.read(found, self.path / "node.json")

    def known(self) -> Membership | None:
        """Return which device this is, or None where it is none."""
        found = self._read("node.json")
        return Membership.read(found, self.path / "node.json") if found is not None else None

    @property
    def credential(self) -> Path:
        """Return the file of key and certificate."""
        return self.path / "node.pem"

    def certify(self, pem: str) -> None:
        """Keep another key with its certificate, and the ones before no more."""
        write_private(self.credential, pem)

    # A pairing that is not activated yet.

    @property
    def offered_credential(self) -> Path:
        """Return the file of the key and certificate that are not activated."""
        return self.path / "offer.pem"

    def offer(self, membership: Membership, pem: str) -> None:
        """Keep what a pairing has brought, beside what there is; without its name it is nothing."""
        self.decline()
        write_private(self.offered_credential, pem)
        write_private(self.path / "offer.json", json.dumps(asdict(membership)))

    def offered(self) -> Membership | None:
        """Return what a pairing has brought that is not activated, if anything."""
        if read_private(self.offered_credential) is None:
            return None
        found = self._read("offer.json")
        return Membership.read(found, self.path / "offer.json") if found is not None else None

    def accept(self) -> None:
        """Be from now on what was offered."""
        for name in ("renewal.json", "recovery.json"):
            self.drop(name)
        # Work of another pairing cannot be answered by this one.
        for each in self.work.glob("*.json"):
            each.unlink(missing_ok=True)
        self.offered_credential.replace(self.credential)
        self._take_up()

    def decline(self) -> None:
        """Forget what was offered; its name first, so that what is left is nothing."""
        self.drop("offer.json")
        self.drop("offer.pem")

    # Notes.

    @property
    def work(self) -> Path:
        """Return the folder of what is being done."""
        return private_folder(self.path / "work")

    def note(self, name: str, document: Mapping[str, Any]) -> None:
        """Write a document down."""
        write_private(self.path / name, json.dumps(document))

    def noted(self, name: str) -> dict[str, Any] | None:
        """Return a document that was written down; None where there is none that can be read."""
        found = self._read(name)
        try:
            document = json.loads(found) if found is not None else None
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    def drop(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)
        sync(self.path)

    def forget(self) -> None:
        """Remove all that makes this device a node; the keys first."""
        self.decline()
        for name in ("node.pem", "renewal.json", "recovery.json", "seen.json"):
            self.drop(name)
        for each in self.work.glob("*.json"):
            each.unlink(missing_ok=True)
        self.drop("node.json")

    def _read(self, name: str) -> str | None:
        return read_private(self.path / name)

    def _take_up(self) -> None:
        """End an acceptance: an offer whose key is in place already is no offer any more."""
        offer = self.path / "offer.json"
        if offer.exists() and not self.offered_credential.exists():
            offer.replace(self.path / "node.json")
            sync(self.path)
