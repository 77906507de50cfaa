"""Models: what answers a run's prompt."""

from chalicelib.providers.model import (
    Answer,
    Conversation,
    ModelProvider,
    ToolCall,
    ToolResult,
    ToolSpec,
    Turn,
)
from chalicelib.providers.offline import OfflineProvider

__all__ = [
    "Answer",
    "Conversation",
    "ModelProvider",
    "OfflineProvider",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
    "Turn",
]
