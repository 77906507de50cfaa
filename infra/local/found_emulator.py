"""LocalStack, or what else answers as AWS at the endpoint: found and used, never started or ended.

What it keeps when it ends is its own affair: nothing of it is saved here.
"""

import time
from typing import NoReturn

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from infra.local import clients
from infra.local.errors import LocalCloudError
from infra.local.loopback import status_of
from infra.local.place import Place

_ANSWER_SECONDS = 10.0
_POLL_SECONDS = 5.0
_MISSES = 3
_ONCE = Config(
    connect_timeout=_ANSWER_SECONDS,
    read_timeout=_ANSWER_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 1},
)


def check(place: Place) -> None:
    """Refuse to go on where no AWS answers.

    Raises:
        LocalCloudError: nothing answers, or something else does.
    """
    if not _answers(place):
        raise LocalCloudError(
            f"Nothing answers at {place.emulator_url}. Start {place.emulator} there, name its port "
            "(EMULATOR_PORT=4566), or leave EMULATOR out to have one started"
        )
    try:
        clients.client("sts", place.emulator_url, config=_ONCE).get_caller_identity()
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise LocalCloudError(
            f"What answers at {place.emulator_url} is no AWS ({type(error).__name__}). Name the "
            f"port of {place.emulator}: EMULATOR_PORT=4566"
        ) from error


def watch(place: Place) -> NoReturn:
    """Wait for as long as it answers.

    Raises:
        LocalCloudError: it does no more.
    """
    missed = 0
    while missed < _MISSES:
        time.sleep(_POLL_SECONDS)
        missed = 0 if _answers(place) else missed + 1
    raise LocalCloudError(
        f"Nothing answers at {place.emulator_url} any more. Start {place.emulator} again, then "
        "repeat `make up`: what it has lost is made again"
    )


def _answers(place: Place) -> bool:
    return status_of("GET", place.emulator_port, "/", seconds=_ANSWER_SECONDS) is not None
