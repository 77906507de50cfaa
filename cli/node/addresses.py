"""Where a device that is to be paired finds the gateway: the API, and the origin of nodes.

What is not given is in PALYRA_URL, PALYRA_NODES_URL and PALYRA_NODES_CA; without them it is the
local cloud's, as its `up.json` says. A QR code says itself where the API is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx

from cli.connection import is_loopback
from cli.node.home import Membership
from cli.problem import Exit, Problem

_MISSING_FIX = "name it with {option} or {variable}"


class Addresses(NamedTuple):
    """Where a gateway is.

    Attributes:
        api: where the pairing is done.
        nodes: where nodes call, with their certificates.
        nodes_ca: certificates that vouch for `nodes`, as PEM; empty for the system's own.
    """

    api: str
    nodes: str
    nodes_ca: str


class Given(NamedTuple):
    """What was said about it; None where nothing was."""

    api: str | None = None
    nodes: str | None = None
    nodes_ca: Path | None = None


def addresses(given: Given, environment: Mapping[str, str], scanned: str = "") -> Addresses:
    """Return where the gateway is.

    Args:
        given: on the command line.
        environment: the variables of the environment.
        scanned: where the API is, as a QR code says; it comes before what is around.

    Raises:
        Problem: it is not said, or not an address that can be trusted.
    """
    named = {
        "api": given.api or scanned or environment.get("PALYRA_URL", ""),
        "nodes": given.nodes or environment.get("PALYRA_NODES_URL", ""),
        "nodes_ca": str(given.nodes_ca or environment.get("PALYRA_NODES_CA", "")),
    }
    if not named["nodes"]:
        around = _local(environment)
        named["nodes"] = around.get("nodes", "")
        named["nodes_ca"] = named["nodes_ca"] or around.get("nodes_ca", "")
        named["api"] = named["api"] or around.get("api", "")
    api = _checked(named["api"], "API", "--api", "PALYRA_URL")
    nodes = _checked(named["nodes"], "nodes origin", "--nodes", "PALYRA_NODES_URL", strict=True)
    return Addresses(api, nodes, _pem(named["nodes_ca"]))


def kept(given: Given, membership: Membership, environment: Mapping[str, str]) -> Addresses:
    """Return where the gateway is of a device that is paired: as it was then, if not said now.

    Raises:
        Problem: it was not kept, and is not said; or what is said cannot be trusted.
    """
    if given.nodes or given.nodes_ca:
        around = dict(environment)
    else:
        around = {name: text for name, text in environment.items() if name != "PALYRA_NODES_CA"}
    named = Given(given.api or membership.api, given.nodes or membership.nodes, given.nodes_ca)
    at = addresses(named, around)
    return at if given.nodes or given.nodes_ca else at._replace(nodes_ca=membership.nodes_ca)


def _local(environment: Mapping[str, str]) -> dict[str, str]:
    up_file = Path(environment.get("STATE") or ".palyra") / "up.json"
    try:
        told = json.loads(up_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    wanted = ("api", "nodes", "nodes_ca")
    return {name: str(told[name]) for name in wanted if name in told}


def _checked(text: str, what: str, option: str, variable: str, *, strict: bool = False) -> str:
    fix = _MISSING_FIX.format(option=option, variable=variable)
    if not text:
        raise Problem.of(Exit.USAGE, f"nothing says where the {what} is", fix)
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise Problem.of(Exit.USAGE, f"{text!r:.200} is not an address", fix) from error
    is_clear = url.scheme == "http" and not strict and is_loopback(text)
    if not url.host or (url.scheme != "https" and not is_clear):
        detail = f"{text!r:.200} is not the address of a gateway"
        raise Problem.of(Exit.USAGE, detail, f"use an https:// address for {option}")
    return text


def _pem(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        detail = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise Problem.of(Exit.USAGE, detail, "name a file of certificates, as PEM") from error
