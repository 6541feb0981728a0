"""What we do: decide, draft, judge, review, in single cases and in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.enishi import Enishi

__all__ = ["Enishi"]


def __getattr__(name: str) -> Any:
    """``from agent import Enishi`` loads the engine; ``import agent.cli`` does not."""
    if name == "Enishi":
        from agent.enishi import Enishi

        return Enishi
    raise AttributeError(f"module 'agent' has no attribute '{name}'")
