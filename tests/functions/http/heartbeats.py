"""Signs of life, as work gives them."""

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.functions.wiring import api as wiring
from chalicelib.functions.wiring.container import container
from tests.functions.http.api import Api


def beat(
    api: Api,
    object_id: str,
    kind: WorkHeartbeatKind = WorkHeartbeatKind.BACKGROUND_TASK,
    owner: str = "main",
) -> None:
    """Let a piece of work give a sign of life."""
    update = WorkHeartbeatUpdate(owner=owner, kind=kind, object_id=object_id, summary="step 3")
    wiring.heartbeats(container()).record(update, api.world.clock.now())
