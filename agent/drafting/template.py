"""Template drafts: words written by hand, phrasing chosen by the decision's seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.drafting import TEMPLATE, Draft, Order, Timed, draft_of
from agent.judging import judge_written
from agent.world import World


def write(order: Order, world: World) -> Draft:
    """The template draft of an order, not yet judged; an unfilled slot stays visible in it."""
    decision, intent, facts = order.decision, order.intent, order.facts
    copy = world.templates.render(
        intent.action.id, intent.channel, intent.language, facts, today=order.today, seed=decision.seed,
        formal=order.formal, business=order.business,
    )  # fmt: skip
    draft = draft_of(decision, intent, copy, facts, order.today, world.policy_version, drafter=TEMPLATE)
    return replace(draft, about=order.about)


def from_templates(orders: Sequence[Order], world: World, timed: Timed) -> tuple[Draft, ...]:
    """The drafter that needs nobody."""
    with timed("draft"):
        written = [write(order, world) for order in orders]
    with timed("verdict"):
        return judge_written(written, world)
