"""Functions that are ready as soon as they are made.

MiniStack keeps a new or changed function in `Pending` for half a second. A deploy that meets it so
waits five seconds, botocore's poll, and meets several: a redeploy of ten seconds takes over a
minute.
"""

from ministack.services import lambda_svc


def instant_functions() -> None:
    """Take the delay away. It is MiniStack's private setting: where it is gone, so is the need."""
    if hasattr(lambda_svc, "_LAMBDA_STATE_TRANSITION_DELAY"):
        lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0  # noqa: SLF001  there is no public one
