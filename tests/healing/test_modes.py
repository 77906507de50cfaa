from pathlib import Path

import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.healing.modes import Mode, Modes
from chalicelib.incidents import kinds
from chalicelib.incidents.kind import IncidentKind, Risk
from chalicelib.settings import Settings
from chalicelib.settings.declaration import declarations

NO_FILE = Path(__file__).with_name("palyra.toml")
DOMAINS = sorted({kind.domain for kind in kinds.KINDS.values()})


def modes(**environment: str) -> Modes:
    return Modes(Settings.load(environment, NO_FILE))


@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=lambda kind: kind.name)
def test_what_nobody_decided_about_is_done_where_the_risk_is_low(kind: IncidentKind) -> None:
    is_low = kind.remediation.risk_level is Risk.LOW
    assert modes().of(kind) is (Mode.AUTO if is_low else Mode.OBSERVE_ONLY)


@pytest.mark.parametrize("mode", Mode)
def test_the_stages_mode_is_that_of_every_domain(mode: Mode) -> None:
    chosen = modes(PALYRA_HEALING_MODE=mode)
    assert {chosen.of(kind) for kind in kinds.KINDS.values()} == {mode}


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domains_own_mode_is_its_alone(domain: str) -> None:
    chosen = modes(
        PALYRA_HEALING_MODE="auto", **{f"PALYRA_HEALING_{domain.upper()}_MODE": "disabled"}
    )
    off = {kind.domain for kind in kinds.KINDS.values() if chosen.of(kind) is Mode.DISABLED}
    assert off == {domain}


def test_each_domain_that_has_kinds_has_a_mode_of_its_own() -> None:
    own = [name for name in declarations(Settings) if name.startswith("healing_")]
    assert sorted(own) == sorted(
        [f"healing_{domain}_mode" for domain in DOMAINS] + ["healing_mode"]
    )


@pytest.mark.parametrize("variable", ["PALYRA_HEALING_MODE", "PALYRA_HEALING_QUEUE_MODE"])
@pytest.mark.parametrize("value", ["observe", "AUTO", "", "on"])
def test_a_mode_that_there_is_not_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        modes(**{variable: value})
    (fault,) = caught.value.faults
    assert fault.field == variable
    assert "disabled, observe_only, auto" in fault.fix
