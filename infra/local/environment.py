"""The environment of a local cloud's processes, this one included.

Nothing of the caller's AWS account may reach them, so every AWS_* variable is replaced by ours. Nor
may a PALYRA_* variable reach a function past its deploy: it sees those it was deployed with, as on
AWS.
"""

import os

from infra.local.place import STAGE, Place
from infra.settings.callers import callers

# Carried by every process of a cloud, the functions' workers too: how the next start knows what it
# may end.
MARKER = "PALYRA_LOCAL_CLOUD"
REGION = "us-east-1"

_A_DAY = 24 * 60 * 60
_STAGE = "PALYRA_STAGE"
# What the front that asks for client certificates calls itself, to the functions.
NODES_ORIGIN = "nodes.palyra.local"
_NODES_ORIGIN = "PALYRA_NODES_ORIGIN"


def enter(emulator_url: str) -> None:
    """Have this process call nothing but this emulator from now on."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(_of_clients(emulator_url))
    os.environ[_STAGE] = STAGE


def of_tools(place: Place) -> dict[str, str]:
    """Return the environment of a command that deploys to this cloud."""
    return _of_children(place) | _of_clients(place.emulator_url)


def of_emulator(place: Place) -> dict[str, str]:
    """Return the emulator's settings: state on disk, workers warm for a day, no port but one."""
    return _of_children(place) | {
        "GATEWAY_PORT": str(place.emulator_port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(place.emulated),
        "PACKAGES_DIR": str(place.packages),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(place.objects),
        "LAMBDA_WARM_TTL_SECONDS": str(_A_DAY),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }


def deployed_settings() -> dict[str, str]:
    """Return the caller's PALYRA_* variables, which are deployed with the functions.

    Stage and origin of nodes are this cloud's own.
    """
    return callers(os.environ) | {_STAGE: STAGE, _NODES_ORIGIN: NODES_ORIGIN}


def _of_clients(emulator_url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _of_children(place: Place) -> dict[str, str]:
    ours = ("AWS_", "PALYRA_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return inherited | {
        MARKER: str(place.state),
        "TMPDIR": str(place.temporary),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
