"""Where a device finds the gateway: said, scanned, around, or told that it is not."""

import json
from pathlib import Path

import pytest

from cli.node.addresses import Addresses, Given, addresses, kept
from cli.node.home import Membership
from cli.problem import Exit, Problem

API, NODES = "https://api.example.com", "https://nodes.example.com"


@pytest.fixture
def local(tmp_path: Path) -> dict[str, str]:
    """The variables of a folder in which a local cloud is up."""
    (tmp_path / "nodes.pem").write_text("the front's certificate")
    told = {
        "api": "http://127.0.0.1:8400",
        "nodes": "https://127.0.0.1:8443",
        "nodes_ca": str(tmp_path / "nodes.pem"),
        "token": "a-token",
    }
    (tmp_path / "up.json").write_text(json.dumps(told))
    return {"STATE": str(tmp_path)}


def test_the_local_cloud_says_where_it_is(local: dict[str, str]) -> None:
    expected = Addresses(
        "http://127.0.0.1:8400", "https://127.0.0.1:8443", "the front's certificate"
    )
    assert addresses(Given(), local) == expected


def test_what_is_said_comes_before_what_is_around(local: dict[str, str]) -> None:
    named = local | {"PALYRA_URL": "https://other.example.com", "PALYRA_NODES_URL": NODES}
    assert addresses(Given(api=API), named) == (API, NODES, "")


def test_a_qr_code_comes_before_what_is_around(local: dict[str, str]) -> None:
    found = addresses(Given(), local | {"PALYRA_URL": API}, "https://scanned.example.com")
    assert found.api == "https://scanned.example.com"


def test_the_certificate_of_another_origin_is_not_taken_for_this_one(
    local: dict[str, str],
) -> None:
    assert addresses(Given(api=API, nodes=NODES), local).nodes_ca == ""


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        (Given(), "--api or PALYRA_URL"),
        (Given(api=API), "--nodes or PALYRA_NODES_URL"),
        (Given(api="http://api.example.com", nodes=NODES), "https:// address for --api"),
        (Given(api=API, nodes="http://127.0.0.1:1"), "https:// address for --nodes"),
        (Given(api=API, nodes="https://"), "https:// address for --nodes"),
        (Given(api="nowhere", nodes=NODES), "https:// address for --api"),
        (Given(api="https://a:b", nodes=NODES), "--api"),
        (Given(api=API, nodes=NODES, nodes_ca=Path("/no/file")), "certificates, as PEM"),
    ],
)
def test_what_leads_nowhere_is_told(tmp_path: Path, given: Given, fix: str) -> None:
    with pytest.raises(Problem) as found:
        addresses(given, {"STATE": str(tmp_path)})
    assert found.value.code == Exit.USAGE
    assert fix in found.value.fix


PAIRED = Membership(
    device_id="01M81J18G00000000000000000",
    kind="cli",
    gateway_id="gw-1",
    nodes=NODES,
    nodes_ca="as it was",
    api=API,
)


def test_a_paired_device_finds_its_gateway_where_it_was(local: dict[str, str]) -> None:
    around = local | {"PALYRA_URL": "https://other.example.com", "PALYRA_NODES_CA": "/nowhere"}
    assert kept(Given(), PAIRED, around) == (API, NODES, "as it was")


def test_what_is_said_comes_before_what_was_kept(local: dict[str, str], tmp_path: Path) -> None:
    moved = "https://moved.example.com"
    assert kept(Given(api=moved), PAIRED, {}) == (moved, NODES, "as it was")
    assert kept(Given(nodes=moved), PAIRED, {}) == (API, moved, "")
    given = Given(nodes_ca=tmp_path / "nodes.pem")
    assert kept(given, PAIRED, local).nodes_ca == "the front's certificate"
