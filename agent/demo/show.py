"""``enishi demo``: a sample home, the main job on it, and what a visitor should see of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from agent.batch.local import run_locally
from agent.batch.run import Progress, begin, progress
from agent.demo.home import SAMPLE_RUN, make_home, sample_moment
from agent.demo.loopback import FAULTS, WRITTEN_BY, Loopback
from agent.demo.loopback import MODEL as LOOPBACK
from agent.drafting import DRAFTERS, MODEL, TEMPLATE
from agent.drafting.copies import stable_share
from agent.drafting.model import ModelDrafter, directly
from agent.drafting.provider import connection
from agent.enishi import Enishi, draft_json
from agent.judging import judge_draft
from agent.pipeline import work
from agent.review.queue import shown
from agent.settings import Drafting, Settings
from agent.showing import batch_progress, emit, escape, out, progress_json, show_draft, show_findings, show_funnel
from agent.tables import drafts, runs
from retrieval.customer import CHANNELS
from retrieval.database import reading
from retrieval.errors import InputError, nearest
from retrieval.tables import HISTORY

DRAFTS_PER_CHANNEL = 2
SHOWN_FAULTS = (
    "offer",
    "offer_words",
    "name",
    "placeholder",
    "unknown_fact",
    "wrong_schema",
    "malformed",
    "truncated",
    "refusal",
    "hang",
    "rate_limited_bare",
    "server_error",
    "unauthorised",
    "unknown_model",
)
"""Faults of the server that the demo goes through."""
STOPPED: tuple[tuple[str, str, str | None], ...] = (
    ("duplicate", "G1", None), ("opted_out", "G2", None), ("objected", "G2", None), ("complaint_open", "G3", None),
    ("bereavement", "G4", None), ("capped", "G5", None), ("minor", "G7", None), ("strategic_account", "G8", None),
    ("promise_due", "G9", None), ("out_of_stock", "G10", "replenish_reminder"), ("recalled_item", "G10", "replenish_reminder"),
    ("expired_coupon", "G10o", "member_offer"), ("dirty_data", "G12", None), ("gift_parcel", "package_insert.suitable", None),
    ("surplus", "replenish_reminder.suitable", None),
)  # fmt: skip
"""Kind of customer in the sample, the rule that holds a message back from them, and the action to ask about (None: any)."""


def run_demo(
    home: Path, *, customers: int, as_of: datetime | None, json: bool, workers: int | None, drafter: str = TEMPLATE
) -> None:  # fmt: skip
    """Make the sample home unless there is one, run the batch unless it ran, and show the result.

    With ``drafter`` model the sample is drafted once more, by a server on this machine whose sentences are hand-written.
    """
    if drafter == MODEL:
        # Said before anything is made: what is missing is missing at the end too.
        connection(Drafting(model=LOOPBACK, base_url="http://127.0.0.1"))
    elif drafter != TEMPLATE:
        raise InputError(f"unknown drafter '{drafter}'{nearest(drafter, DRAFTERS)}", key="--drafter")
    make_home(home, customers=customers, as_of=as_of or datetime.now(UTC).replace(microsecond=0), told=sys.stderr)
    moment = sample_moment(home)
    with Enishi.open(home) as enishi:
        state = _worked(enishi, workers, moment)
        drawn, stopped = list(drawn_of(enishi, SAMPLE_RUN)), list(_stopped(enishi, moment))
        tampered = list(_tampered(enishi, moment, drawn))
        modelled = by_model(enishi, moment, workers) if drafter == MODEL else None
    if json:
        emit({"home": str(home), **progress_json(state), "drafts": drawn, "held_back": stopped, "blocked": tampered,
              **({"model": modelled.json()} if modelled else {})})  # fmt: skip
        return
    if modelled:
        modelled.show()
        return
    show_funnel(state)
    _heading("A few drafts per channel")
    for draft in drawn:
        show_draft(draft)
    _heading("Held back: one customer for each reason")
    for one in stopped:
        place = f" on {one['channel']}" if one["channel"] else ""
        until = f"  — earliest {one['earliest']}" if one["earliest"] else ""
        out.print(
            f"[red]{one['stage']} {one['rule']}[/red]  {one['customer']} ({one['story']})  {one['action']}{place}"
        )
        out.print(f"    {escape(one['ja'])}\n    [dim]{escape(one['en'])}{until}[/dim]")
    _heading("Blocked: what the guards say when a good draft is spoilt")
    for one in tampered:
        out.print(f"[red]{one['guard']}[/red]  {one['what']}")
        show_findings(one["findings"], indent=4)
    _next_steps(home, moment, drawn, stopped)


def _heading(text: str) -> None:
    out.print()
    out.rule(text, align="left")


def _worked(
    enishi: Enishi, workers: int | None, moment: datetime, run: str = SAMPLE_RUN, drafter: str = TEMPLATE
) -> Progress:  # fmt: skip
    """The finished sample run."""
    with reading(enishi.engine) as connected:
        state = connected.execute(select(runs.c.state).where(runs.c.name == run)).scalar()
    if state is None:
        begin(enishi, run, as_of=moment, at=moment, requested_by="demo", drafter=drafter)
    if state in (None, "running"):
        with batch_progress(run) as told:
            return run_locally(enishi, run, workers=workers, watch=told)
    return progress(enishi.engine, run)


def drawn_of(enishi: Enishi, run: str, drafter: str = TEMPLATE) -> Iterator[dict[str, Any]]:
    """Some passing drafts of each channel, of different actions, Japanese and English in turn."""
    with reading(enishi.engine) as connected:
        for channel in CHANNELS:
            rows = connected.execute(
                select(drafts.c.id, drafts.c.action, drafts.c.language)
                .where(drafts.c.run == run, drafts.c.drafter == drafter, drafts.c.channel == channel, drafts.c.verdict != "block").order_by(drafts.c.verdict.desc(), drafts.c.id)
            ).all()  # fmt: skip
            taken: list[tuple[str, str]] = []
            for draft_id, action, language in rows:
                if len(taken) < DRAFTS_PER_CHANNEL and all(
                    action != other or language != spoken for other, spoken in taken
                ):
                    if taken and language == taken[0][1] and any(row.language != language for row in rows):
                        continue
                    taken.append((action, language))
                    yield shown(connected, draft_id)


def by_model(enishi: Enishi, moment: datetime, workers: int | None) -> Modelled:
    """The sample drafted by the loopback server, and one of its drafts under each fault."""
    with Loopback() as server:
        asked = Enishi(replace(enishi.home, settings=_asking(enishi, server)))
        with asked:
            state = _worked(asked, workers, moment, f"{SAMPLE_RUN}-model", MODEL)
            drawn = list(drawn_of(asked, f"{SAMPLE_RUN}-model", MODEL))
            share = stable_share(asked.engine, f"{SAMPLE_RUN}-model")
    faults = [_faulty(enishi, moment, drawn[0]["customer_id"], fault) for fault in SHOWN_FAULTS] if drawn else []
    return Modelled(state, drawn, share, faults)


def _asking(enishi: Enishi, server: Loopback, **changed: Any) -> Settings:
    """The home's settings with the loopback server for a model."""
    drafting = Drafting(
        model=LOOPBACK, base_url=server.url, requests_per_minute=6000, tokens_per_minute=60_000_000, **changed
    )
    return enishi.home.settings.model_copy(update={"drafting": drafting})


def _faulty(enishi: Enishi, moment: datetime, customer: str, fault: str) -> dict[str, Any]:
    """One draft from a server with a fault; nothing of it is stored."""
    slow = {"timeout_seconds": 0.5} if fault == "hang" else {}
    with Loopback(then=fault) as server:
        asked = Enishi(replace(enishi.home, settings=_asking(enishi, server, attempts=1, **slow)))
        drafter = ModelDrafter(directly(asked.copywriter(as_of=moment), enishi.world))
        draft = work(enishi.frames(customer, as_of=moment), enishi.world, drafter=drafter).drafts[0]
    told = draft.provenance.json() if draft.provenance else {}
    return {"fault": fault, "what": FAULTS[fault], "drafter": draft.drafter, "verdict": draft.verdict,
            **{key: told.get(key) for key in ("requests", "outcome", "ja", "en")}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Modelled:
    """What the demo shows of the model drafter."""

    state: Progress
    drawn: list[dict[str, Any]]
    stable: float
    faults: list[dict[str, Any]]

    def json(self) -> dict[str, Any]:
        """As other programs read it."""
        return {
            **progress_json(self.state),
            "written_by": WRITTEN_BY,
            "drafts": self.drawn,
            "stable_share": round(self.stable, 3),
            "faults": self.faults,
        }

    def show(self) -> None:
        """On a terminal."""
        show_funnel(self.state)
        out.print(f"[dim]the server on this machine answers with sentences {WRITTEN_BY}[/dim]", soft_wrap=True)
        if (spent := self.state.spent) and (count := self.state.funnel["drafts"]):
            out.print(
                f"{spent.requests / count:.2f} requests and {spent.tokens / count:,.0f} tokens per draft; {self.stable:.0%} of what was sent is a "
                "stable beginning that a provider can cache"
            )
        _heading("A few drafts per channel, written by the model and filled by code")
        for draft in self.drawn:
            show_draft(draft)
        _heading("When the model fails: one draft under each fault")
        for one in self.faults:
            out.print(
                f"[yellow]{one['fault']}[/yellow]  {one['what']}: {one['requests']} request{'' if one['requests'] == 1 else 's'} → [bold]{one['outcome']}[/bold], {one['drafter']}, {one['verdict']}"
            )
            out.print(f"    {escape(one['ja'])}\n    [dim]{escape(one['en'])}[/dim]")


def _stopped(enishi: Enishi, moment: datetime) -> Iterator[dict[str, Any]]:
    """For each kind of trouble in the sample, one customer and the rule that spoke."""
    customers = HISTORY["customers"]
    with reading(enishi.engine) as connected:
        told = connected.execute(
            select(customers.c.id, customers.c.extra).where(customers.c.extra.is_not(None)).order_by(customers.c.id)
        ).all()
    for story, rule, action in STOPPED:
        for customer_id in [customer for customer, extra in told if f'"{story}"' in extra]:
            rows = [
                row
                for row in enishi.why(enishi.frames(customer_id, as_of=moment), action=action)
                if row["state"] == "excluded" and row["rule"] == rule
            ]
            if rows:
                best = max(rows, key=lambda row: (row["bound"] is not None, row["earliest"] is not None))
                yield {"story": story, "customer": customer_id, **{key: best[key] for key in ("action", "channel", "stage", "rule", "clause", "seen", "earliest")},
                       "ja": best["change_ja"], "en": best["change_en"]}  # fmt: skip
                break


def _tampered(enishi: Enishi, moment: datetime, drawn: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One good Japanese email, spoilt in a different way for each guard; nothing of this is stored."""
    found = next((draft for draft in drawn if draft["channel"] == "email" and draft["language"] == "ja"), None)
    if found is None:
        return
    frames = enishi.frames(found["customer_id"], as_of=moment)
    made = work(frames, enishi.world, run=SAMPLE_RUN)
    if not made.drafts:
        return
    good = made.drafts[0]
    copy, decision = good.copy, good.decision
    said = {
        "copy": (
            ("the name is doubled: 様様", copy.body.replace(" 様", " 様様", 1)),
            ("the text runs on", copy.body + "\n" + "どうぞよろしくお願いいたします。" * 200),
            ("a slot stays open", copy.body + "\n{{offer}}をお贈りします。"),
            ("somebody hurries the reader", copy.body + "\n残りわずかです。今すぐどうぞ。"),
        ),
        "sensitive": (("somebody tells what was watched", copy.body + "\n昨夜ご覧いただいた品です。"),),
        "claims": (("somebody adds 「今なら30%割引」", copy.body + "\n今なら30%割引です。"),),
        "identifiers": (
            ("somebody pastes another customer's telephone", copy.body + "\n佐藤花子様の電話は090-1234-5678です。"),
        ),
        "law": (
            ("the registered name is left out", copy.body.replace(str(good.about["sender"].get("legal_name")), "")),
        ),
        "plain": (("a link is hidden in markup", copy.body + '\n<a href="https://example.com">こちら</a>'),),
    }
    known = {
        "consent": ("consent is withdrawn meanwhile", {f"ok.{good.intent.channel}": False}),
        "gates": ("a complaint comes in meanwhile", {"open_complaint": True}),
    }
    spoilt = [
        *((guard, what, replace(good, copy=replace(copy, body=body))) for guard, ways in said.items() for what, body in ways),
        *((guard, what, replace(good, decision=decision.seeing(**row))) for guard, (what, row) in known.items()),
    ]  # fmt: skip
    for guard, what, draft in spoilt:
        findings = [
            finding for finding in draft_json(judge_draft(draft, enishi.world))["findings"] if finding["guard"] == guard
        ]
        yield {"guard": guard, "what": what, "findings": findings}


def _next_steps(home: Path, moment: datetime, drawn: list[dict[str, Any]], stopped: list[dict[str, Any]]) -> None:
    place = "" if str(home) == ".enishi" else f" --home {home}"
    at = f" --as-of {moment.isoformat()}"
    _heading("What to do next")
    for command, what in (
        (f"enishi review list{place}", "what waits for a person"),
        (
            f"enishi review show {drawn[0]['id']}{place}" if drawn else "",
            "one draft with its facts, reasons and verdict",
        ),
        (
            f"enishi review approve {drawn[0]['id']} --as you{place}{at}" if drawn else "",
            "approve it: judged again, the contact reserved",
        ),
        (
            f"enishi why {stopped[0]['customer']}{place}{at}" if stopped else "",
            "why somebody gets nothing, and what would have to change",
        ),
        (f"enishi replay {drawn[0]['decision_id']}{place}" if drawn else "", "recompute a decision byte for byte"),
        ("enishi init --home my-shop", "a home for your own customers; docs/import.md says how to bring them in"),
    ):
        if command:
            out.print(f"  [bold]{escape(command)}[/bold]\n      {what}", soft_wrap=True)
