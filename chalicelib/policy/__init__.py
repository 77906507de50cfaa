"""What is allowed: Cedar decides, and whatever is not clearly allowed is refused."""

from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Decision, Entity

__all__ = ["SYSTEM_DAEMON_PRINCIPAL", "Decision", "Entity", "PolicyEngine"]
