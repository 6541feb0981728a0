"""The action's gates, asked again of the customer as they are now: status, holds, caps, stock, key accounts.

A decision passed them once; between deciding and approving, a complaint may open or another message may go out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from policies.catalogue import Action, Catalogue, Rule
from policies.eligibility import binding
from policies.guardrails.guard import BLOCK, Finding, Message, Scope

SCOPE: Scope = "all"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks with the gate's id as rule."""
    if message.action is None or message.row is None:
        yield Finding(
            "gates",
            "gates.unknown",
            BLOCK,
            None,
            None,
            "",
            "送信条件を確認できません",
            "the gates cannot be asked: action or customer unknown",
        )
        return
    for rule, holds in _gates(message.action, message.channel):
        if not holds(message.row):
            why = rule.clause.explain(message.row, *binding(message.action.id, message.channel))
            _, ja, en = catalogue.gates[rule.rule]
            said_ja, said_en = (why.ja, why.en) if why else ("", "")
            yield Finding(
                "gates",
                rule.rule,
                BLOCK,
                None,
                None,
                rule.clause.text,
                f"条件「{ja}」を満たしません：{said_ja}",
                f"the gate '{en}' does not hold: {said_en}",
            )


@cache
def _gates(action: Action, channel: str) -> tuple[tuple[Rule, Callable[[Mapping[str, Any]], Any]], ...]:
    """The action's gates as closures on one channel; its own conditions settled whether it fits, not whether it may."""
    own = {f"{action.id}.{key}" for key in ("eligible", "applicable", "suitable")}
    columns, constants = binding(action.id, channel)
    return tuple((rule, rule.clause.closure(columns, constants)) for rule in action.rules if rule.rule not in own)
