"""What a person sees in a terminal; every page has a JSON twin."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from rich.cells import set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from datetime import datetime

    from agent.batch.run import Progress as BatchProgress
    from agent.batch.run import Run
    from agent.batch.sameness import Lot
    from agent.checking import Verdict
    from agent.drafting.copies import Spent
    from agent.enishi import Enishi
    from policies.catalogue import Catalogue
    from retrieval.importing import ImportReport
    from retrieval.importing import Progress as Step

out = Console(highlight=False)
told = Console(stderr=True, highlight=False)
DRAFT_ID = 26
"""Letters of a draft's id; it is typed again, so it is never cut."""
NAMED = 5
"""Products or offers named in one line; the rest are counted."""
VERDICT_COLOUR = {"pass": "green", "flag": "yellow", "block": "red"}


def _table(*heads: str, title: str | None = None) -> Table:
    table = Table(title=title, box=None, pad_edge=False, header_style="bold", title_justify="left")
    for head in heads:
        table.add_column(
            head.lstrip(">"),
            justify="right" if head.startswith(">") else "left",
            overflow="fold",
            no_wrap=head == "draft",
        )
    return table


def emit(content: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def money(amount: float, currency: str) -> str:
    """An amount for a person: whole yen, two decimals elsewhere."""
    return f"{amount:,.0f} {currency}" if currency in ("JPY", "KRW") else f"{amount:,.2f} {currency}"


# --- import ---------------------------------------------------------------------------------------------------------


@contextmanager
def import_progress() -> Iterator[Callable[[Step], None]]:
    """A bar per file and table on standard error."""
    bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
                   TimeRemainingColumn(), console=told, transient=True, disable=not told.is_terminal)  # fmt: skip
    tasks: dict[str, TaskID] = {}
    with bar:

        def tell(step: Step) -> None:
            name = " → ".join(part for part in (step.file or "database", step.table) if part)
            if name not in tasks:
                tasks[name] = bar.add_task(escape(name), total=step.rows_total, rate="")
            bar.update(tasks[name], completed=step.rows_done, total=step.rows_total)
            if speed := next(task.speed for task in bar.tasks if task.id == tasks[name]):
                bar.update(tasks[name], rate=f"{speed:,.0f} rows/s")

        yield tell


def import_json(report: ImportReport) -> dict[str, Any]:
    """An import as other programs read it."""
    counts = ("read", "written", "new", "changed", "unchanged", "quarantined")
    return {
        "tables": {name: {count: getattr(table, count) for count in counts} for name, table in report.tables.items()},
        "files": [{"file": one.file, "read": one.read, "skipped": dict(one.skipped)} for one in report.files],
        "quarantined": report.quarantined, "quarantine": str(report.quarantine) if report.quarantine else None,
        "warnings": list(report.warnings), "dry_run": report.dry_run,
    }  # fmt: skip


def show_import(report: ImportReport) -> None:
    """Counts per table, what was passed over, and where the bad rows went."""
    table = _table("table", ">read", ">new", ">changed", ">unchanged", ">quarantined")
    for name, counts in report.tables.items():
        row = (counts.read, counts.new, counts.changed, counts.unchanged, counts.quarantined)
        table.add_row(name, *(f"{value:,}" for value in row))
    out.print(table)
    for one in report.files:
        for reason, count in one.skipped.items():
            out.print(f"{escape(one.file)}: {count:,} lines passed over: {escape(reason)}")
    for warning in report.warnings:
        told.print(f"[yellow]{escape(warning)}[/yellow]")
    if report.quarantined:
        out.print(f"[yellow]{report.quarantined:,} lines in quarantine[/yellow]: {report.quarantine}")
    if report.dry_run:
        out.print("dry run: nothing was written")


# --- check ----------------------------------------------------------------------------------------------------------


def show_verdict(found: Verdict) -> None:
    """One finished message: its verdict, then a line for each finding in both languages."""
    out.print(f"[{VERDICT_COLOUR[found.verdict]}]{found.verdict:5}[/] {escape(str(found.id))}")
    for one in found.findings:
        place = "" if one.start is None else f" [dim]{one.part} {one.start}–{one.end}[/dim]"
        out.print(
            f"      [{VERDICT_COLOUR[one.severity]}]{one.severity:5}[/] {one.rule}{place} {escape(one.ja)}",
            soft_wrap=True,
        )
        out.print(f"            [dim]{escape(one.en)}[/dim]", soft_wrap=True)


# --- decisions ------------------------------------------------------------------------------------------------------


def show_recommendation(answer: Mapping[str, Any]) -> None:
    """Chosen action with reasons, then the others that were possible."""
    chosen = answer["chosen"]
    place = " · ".join(
        str(part) for part in (chosen["channel"], chosen["sku"] or chosen["offer"], chosen["language"]) if part
    )
    out.print(f"[bold]{answer['customer_id']}[/bold]  {answer['as_of']}")
    out.print(
        f"[bold green]{chosen['action']}[/bold green]  {place}  score {money(chosen['score'], chosen['currency'])}"
    )
    for reason in chosen["reasons"]:
        out.print(f"  {escape(reason['ja'])}  [dim]{escape(reason['en'])}[/dim]")
    if chosen["channel"]:
        out.print(f"  send from {chosen['send_not_before']} until {chosen['send_not_after']}")
    if len(answer["candidates"]) > 1:
        table = _table(">rank", "action", "channel", "product or offer", ">propensity", ">value", ">cost", ">score")
        for one in answer["candidates"][:12]:
            table.add_row(str(one["rank"]), one["action"], one["channel"] or "", one["sku"] or one["offer"] or "", f"{one['propensity']:.3f}",
                          money(one["value"], one["currency"]), money(one["cost"], one["currency"]), money(one["score"], one["currency"]))  # fmt: skip
        out.print(table)
    out.print(
        f"[dim]decision {answer['decision_id']} · policy {answer['policy_version']} · model {answer['model_version']}[/dim]"
    )


def show_why(customer_id: str, rows: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> None:
    """One block per action: what happened to it, and what would have to change."""
    by_action: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_action.setdefault(row["action"], []).append(row)
    for action in catalogue.actions:
        found = by_action.get(action.id)
        if not found:
            continue
        open_rows = [row for row in found if row["state"] != "excluded"]
        best = next((row for row in open_rows if row["state"] == "chosen"), open_rows[0] if open_rows else None)
        if best is not None:
            said = (
                "chosen"
                if best["state"] == "chosen"
                else f"lost to {best['chosen']} by {money(best['behind'], best['currency'])}"
            )
            colour = "green" if best["state"] == "chosen" else "cyan"
            place = f" on {best['channel']}" if best["channel"] else ""
            out.print(
                f"[{colour}]{action.id}[/{colour}]{place}: {said}, score {money(best['score'], best['currency'])}"
            )
        reasons: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for row in found:
            if row["state"] == "excluded":
                one_of_many = row["channel"] is None and row["bound"] is not None
                change = "" if one_of_many else row["change_en"]
                reasons.setdefault((row["rule"], row["clause"], change), []).append(row)
        for (rule, clause, shared), rows_of in reasons.items():
            row = rows_of[0]
            channels = ", ".join(one["channel"] for one in rows_of if one["channel"])
            where = f" [{channels}]" if channels and (len(reasons) > 1 or open_rows) else ""
            if not shared:
                named = [str(one["bound"]) for one in rows_of]
                rest = f" and {len(named) - NAMED:,} more" if len(named) > NAMED else ""
                where = f" with {', '.join(named[:NAMED])}{rest}"
            seen = ", ".join(f"{name} = {value}" for name, value in row["seen"].items())
            out.print(f"[red]{action.id}[/red]{escape(where)}: {row['stage']} {rule}")
            out.print(f"    clause  {escape(clause)}" + (f"    seen  {escape(seen)}" if seen else ""))
            until = f"  — earliest {row['earliest']}" if row["earliest"] else ""
            out.print(f"    change  {escape(row['change_en'])}{until}")
            out.print(f"            [dim]{escape(row['change_ja'])}[/dim]")


# --- drafts ---------------------------------------------------------------------------------------------------------


def show_draft(draft: Mapping[str, Any]) -> None:
    """The message as its reader would get it, then facts and findings."""
    colour = VERDICT_COLOUR[draft["verdict"]]
    head = draft.get("subject") or draft.get("title")
    body = (f"[bold]{escape(head)}[/bold]\n\n" if head else "") + escape(draft["body"])
    title = f"{draft['action']} · {draft['channel']} · {draft['language']} · [{colour}]{draft['verdict']}[/{colour}]"
    out.print(
        Panel(
            body,
            title=title,
            title_align="left",
            subtitle=draft["id"],
            subtitle_align="right",
            width=min(out.width, 88),
        )
    )
    if (told := draft.get("drafting")) is not None:
        colour = "dim" if draft["drafter"] == "model" else "yellow"
        spent = f"{told['requests']} request{'' if told['requests'] == 1 else 's'}, {told['tokens_in']:,} tokens in ({told['tokens_cached']:,} cached), {told['tokens_out']:,} out"
        out.print(
            f"  [{colour}]{told['outcome']}[/{colour}]  {escape(told['ja'])}  [dim]{escape(told['en'])} · {escape(told['model'])} · {spent}[/dim]"
        )
    show_findings(draft["findings"])
    for one in draft["fixed"]:
        out.print(
            f"  [dim]put right[/dim] {one['rule']}  {escape(one['text'])} → {escape(one['fix'])}  [dim]{escape(one['en'])}[/dim]"
        )
    if draft["facts"]:
        out.print(
            "[dim]facts: "
            + escape(" · ".join(f"{fact['id']} {fact['text']} ({fact['source']})" for fact in draft["facts"]))
            + "[/dim]"
        )


def show_findings(findings: Sequence[Mapping[str, Any]], *, indent: int = 2) -> None:
    """A line for each thing that was found, with how often where it was found more than once."""
    often = Counter((one["severity"], one["rule"], one["ja"], one["en"]) for one in findings)
    for (severity, rule, ja, en), times in often.items():
        colour = "red" if severity == "block" else "yellow"
        out.print(
            f"{' ' * indent}[{colour}]{severity}[/{colour}] {rule}{f' ×{times}' if times > 1 else ''}  {escape(ja)}  [dim]{escape(en)}[/dim]"
        )


def show_queue(total: int, rows: Sequence[Mapping[str, Any]], offset: int) -> None:
    """The queue, one line a draft."""
    if not rows:
        out.print(
            "nothing waits here: 'enishi draft ID' or 'enishi batch run NAME' fills the queue"
            if total == 0
            else "no more drafts"
        )
        return
    table = _table("draft", "customer", "action", "channel", "verdict", "words")
    room = max(8, out.width - DRAFT_ID - 48)
    for row in rows:
        colour = VERDICT_COLOUR[row["verdict"]]
        words = (row["subject"] or row["title"] or row["body"]).replace("\n", " ")
        table.add_row(
            row["id"],
            row["customer_id"],
            row["action"][:12],
            f"{row['channel']} {row['language']}",
            f"[{colour}]{row['verdict']}[/{colour}]",
            escape(set_cell_size(words, room).rstrip()),
        )
    out.print(table)
    out.print(f"[dim]{offset + 1:,}–{offset + len(rows):,} of {total:,}   'enishi review show DRAFT' for one[/dim]")


def show_review(found: Mapping[str, Any], catalogue: Catalogue) -> None:
    """One draft with everything a reviewer needs."""
    show_draft(found)
    action = catalogue.by_id.get(found["action"])
    if action is not None:
        out.print(f"why: {action.why['ja']}  [dim]{action.why['en']}[/dim]")
    out.print(
        f"{found['state']} · customer {found['customer_id']} · chosen from {len(found['decision']['candidates'])} candidates"
    )
    out.print(
        f"send from {found['send_not_before']} until {found['send_not_after']} · asked for by {found['requested_by']} · revision {found['revision']}"
    )
    _suspicious(found["suspicious_notes"])
    for entry in found["log"]:
        out.print(f"[dim]{entry['at']} {entry['actor']} {entry['event']}[/dim]")
    out.print(f"[dim]digest {found['digest']} · decision {found['decision_id']}[/dim]")


def suspicious_notes(enishi: Enishi, customer_id: str, as_of: datetime) -> list[dict[str, Any]]:
    """Notes about the customer that sound like instructions to a machine: source, score and reasons, not their words."""
    from retrieval.notes.suspicion import suspects

    found = suspects(enishi.frames(customer_id, as_of=as_of))
    return [
        {"source": one.source, "score": one.suspicion.score, "reasons": list(one.suspicion.reasons)} for one in found
    ]


def _suspicious(found: Sequence[Mapping[str, Any]]) -> None:
    for one in found:
        out.print(
            f"[yellow]a note sounds like an instruction[/yellow]: {escape(one['source'])} "
            f"({one['score']:.2f}: {', '.join(one['reasons'])}); it can only hold back"
        )


def show_moved(told_rows: Sequence[Mapping[str, Any]]) -> None:
    """What became of each draft."""
    for one in told_rows:
        if one["state"] is None:
            out.print(f"{one['draft']}: [red]not moved[/red] — {escape(one['refused'])}")
            continue
        out.print(f"{one['draft']}: {one['state']}")
        show_findings(one["findings"])


# --- batch ----------------------------------------------------------------------------------------------------------


@contextmanager
def batch_progress(name: str) -> Iterator[Callable[[BatchProgress], None]]:
    """Customers done, rate and time left, on standard error."""
    bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
                   TimeRemainingColumn(), console=told, transient=True, disable=not told.is_terminal)  # fmt: skip
    with bar:
        task = bar.add_task(f"run {name}", total=None, rate="")

        def tell(state: BatchProgress) -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task,
                completed=state.customers_done + state.customers_noted,
                total=state.run.customers,
                rate=f"{speed:,.0f} customers/s" if speed else "",
            )

        yield tell


def progress_json(state: BatchProgress) -> dict[str, Any]:
    """Progress as other programs read it."""
    return {
        **run_json(state.run), "partitions": state.partitions, "partitions_done": state.partitions_done, "customers_done": state.customers_done,
        "funnel": dict(sorted(state.funnel.items())), "seconds": {name: round(value, 3) for name, value in sorted(state.seconds.items())},
        "peak_mb": list(state.peaks),
        "drafting": {"copies": state.spent.copies, **asdict(state.spent)} if state.spent else None,
        "overnight": [post.json() for post in state.posts],
    }  # fmt: skip


def run_json(run: Run) -> dict[str, Any]:
    """A run as other programs read it."""
    return {
        "run": run.name, "as_of": run.as_of.isoformat(), "state": run.state, "customers": run.customers, "segment": run.segment,
        "policy_version": run.policy_version, "model_version": run.model_version, "requested_by": run.requested_by, "drafter": run.drafter,
    }  # fmt: skip


def show_runs(found: Sequence[Run]) -> None:
    """Every run, one line each."""
    if not found:
        out.print("no runs yet: 'enishi batch run NAME' begins one")
        return
    table = _table("run", "as of", "state", ">customers", "segment", "by")
    for run in found:
        table.add_row(
            run.name,
            run.as_of.isoformat(),
            run.state,
            f"{run.customers:,}",
            run.segment or "everyone",
            run.requested_by,
        )
    out.print(table)


def _show_spent(spent: Spent, funnel: Mapping[str, int]) -> None:
    """Who wrote the drafts, and what the model's copies cost."""
    by = Counter(
        {name.removeprefix("drafting:"): count for name, count in funnel.items() if name.startswith("drafting:")}
    )
    out.print(
        "drafts by what came of the model: " + " · ".join(f"{name} {count:,}" for name, count in by.most_common())
    )
    out.print(
        f"copies: {spent.copies:,} ({' · '.join(f'{name} {count:,}' for name, count in spent.outcomes.items())}) with {spent.requests:,} requests, "
        f"{spent.tokens:,} tokens, {spent.micros / 1_000_000:,.4f} in the settings' currency"
    )


def _show_posts(state: BatchProgress) -> None:
    """How far the copies are that went overnight."""
    for post in state.posts:
        told = f"{post.completed:,} of {post.copies:,} written" + (f", {post.failed:,} failed" if post.failed else "")
        looked = f"  asked {post.looked_at:%Y-%m-%d %H:%M} UTC" if post.looked_at else ""
        out.print(
            f"overnight: {escape(post.batch or 'not sent yet')}  [bold]{escape(post.status or post.state)}[/bold]  {told}[dim]{looked}[/dim]"
        )
    if state.spent is not None and state.spent.posted:
        aside = state.spent
        out.print(
            f"set aside for them: at most {aside.posted_tokens:,} tokens, {aside.posted_micros / 1_000_000:,.4f} in the settings' currency"
        )
    if state.run.state == "overnight":
        out.print(
            f"'enishi batch resume {state.run.name}' fetches them and writes the messages; with --now it does not wait",
            soft_wrap=True,
        )


def show_funnel(state: BatchProgress) -> None:
    """The funnel: customers → decisions → drafts → verdicts, and what stopped the rest."""
    funnel = state.funnel
    run = state.run
    out.print(
        f"[bold]run {run.name}[/bold]  as of {run.as_of.isoformat()}  {run.state}  {state.customers_done:,} of {run.customers:,} customers"
    )
    _show_posts(state)
    if run.state in ("noting", "overnight"):
        return
    chosen = Counter(
        {name.removeprefix("action:"): count for name, count in funnel.items() if name.startswith("action:")}
    )
    silent = chosen.pop("no_action", 0)
    people = chosen.pop("escalate_to_human", 0), chosen.pop("merge_review", 0)
    steps = _table("", ">customers")
    for label, count in (
        ("asked", funnel["customers"]), ("nothing is better today", silent), ("to a person", people[0]), ("possible duplicates", people[1]),
        ("drafted", funnel["drafts"]), ("  pass", funnel["verdict:pass"]), ("  flag", funnel["verdict:flag"]), ("  block", funnel["verdict:block"]),
    ):  # fmt: skip
        steps.add_row(label, f"{count:,}")
    out.print(steps)
    if chosen:
        width = max(chosen.values())
        table = _table("action", ">drafts", "")
        for name, count in chosen.most_common():
            table.add_row(name, f"{count:,}", "█" * max(1, round(30 * count / width)))
        out.print(table)
    channels = {name.removeprefix("channel:"): count for name, count in funnel.items() if name.startswith("channel:")}
    if channels:
        out.print(
            "channels: "
            + " · ".join(f"{name} {count:,}" for name, count in sorted(channels.items(), key=lambda item: -item[1]))
        )
    stopped: Counter[str] = Counter()
    for name, count in funnel.items():
        if name.startswith("excluded:"):
            _, stage, _action, rule = name.split(":")
            if stage not in ("eligibility", "applicability", "suitability"):
                stopped[f"{stage} {rule}"] += count
    if stopped:
        out.print(
            "held back (customer × action): "
            + " · ".join(f"{name} {count:,}" for name, count in stopped.most_common(10))
        )
    if state.spent is not None:
        _show_spent(state.spent, funnel)
    rules = Counter({name.removeprefix("rule:"): count for name, count in funnel.items() if name.startswith("rule:")})
    if rules:
        out.print("findings: " + " · ".join(f"{name} {count:,}" for name, count in rules.most_common(8)))
    if state.seconds:
        total = sum(state.seconds.values())
        out.print(
            "[dim]time: "
            + " · ".join(
                f"{name} {value / total:.0%}"
                for name, value in sorted(state.seconds.items(), key=lambda item: -item[1])
            )
            + "[/dim]"
        )


def lot_json(lot: Lot) -> dict[str, Any]:
    """How alike a lot reads, as other programs read it."""
    found = lot.found
    return {
        "action": lot.action, "channel": lot.channel, "language": lot.language, "drafts": lot.drafts, "sampled": found.texts,
        "mean": round(found.mean, 4), "highest": round(found.highest, 4), "alike": found.alike, "exact": found.exact,
        "closest": [{"similarity": round(alike, 4), "drafts": list(pair)} for alike, *pair in lot.closest],
    }  # fmt: skip


def show_lots(lots: Sequence[Lot]) -> None:
    """The lots that read most alike."""
    if not lots:
        return
    alike = sum(lot.found.alike for lot in lots)
    table = _table("lot", ">drafts", ">mean", ">closest", "closest pair")
    for lot in lots[:10]:
        colour = "yellow" if lot.found.alike else "green"
        pair = " ".join(lot.closest[0][1:]) if lot.closest else ""
        table.add_row(
            f"{lot.action} {lot.channel} {lot.language}", f"{lot.drafts:,}", f"[{colour}]{lot.found.mean:.2f}[/{colour}]",
            f"[{colour}]{lot.found.highest:.2f}[/{colour}]", pair,
        )  # fmt: skip
    out.print(
        f"sameness (C09): {alike} of {len(lots)} lots read the same; names, digits and links apart, on a sample of each"
    )
    out.print(table)


# --- customer -------------------------------------------------------------------------------------------------------


def customer_page(enishi: Enishi, customer_id: str, as_of: datetime) -> dict[str, Any]:
    """Profile, consents per channel and purpose, timeline (latest first), pressure, next-best actions."""
    import polars as pl

    from agent.decision import answer
    from agent.pipeline import work

    frames = enishi.frames(customer_id, as_of=as_of)
    made = work(frames, enishi.world, drafting=False)
    row = made.features.customers.row(0, named=True)
    person = frames.customers.row(0, named=True)
    consents = (
        frames.consents.group_by("channel", "purpose").agg(pl.all().sort_by("at").last()).sort("channel", "purpose")
    )
    moments = [
        *(
            (at, "order", f"{order} {status}")
            for at, order, status in frames.orders.select("at", "id", "status").iter_rows()
        ),
        *(
            (at, "contact", f"{channel} {action or ''}")
            for at, channel, action in frames.contacts.select("at", "channel", "action").iter_rows()
        ),
        *((at, "note", text) for at, text in frames.interactions.select("at", "text").iter_rows()),
        *(
            (at, "ticket", f"{topic} ({status})")
            for at, topic, status in frames.tickets.select("opened", "topic", "status").iter_rows()
        ),
        *(
            (at, "event", f"{kind} {sku or ''}")
            for at, kind, sku in frames.events.select("at", "type", "sku").iter_rows()
        ),
    ]
    return {
        "customer_id": customer_id, "as_of": as_of.isoformat(),
        "profile": {name: str(value) for name, value in person.items() if value not in (None, [], "{}", "[]") and name not in ("i", "extra")},
        "consents": [{"channel": c, "purpose": p, "status": s, "at": at.isoformat()} for c, p, s, at in consents.select("channel", "purpose", "status", "at").iter_rows()],
        "suspicious_notes": suspicious_notes(enishi, customer_id, as_of),
        "pressure": {name: row[name] for name in ("contacts_7d", "contacts_30d", "hours_since_contact")},
        "timeline": [{"at": at.isoformat(), "what": what, "text": text} for at, what, text in sorted(moments, reverse=True)],
        "features": {name: value for name, value in sorted(row.items()) if value is not None and name != "i"},
        "next_best_actions": answer(made.decisions[0], frames, enishi.world)["candidates"][:5],
    }  # fmt: skip


def show_customer(page: Mapping[str, Any]) -> None:
    """The page in a terminal."""
    profile = page["profile"]
    out.print(
        f"[bold]{page['customer_id']}[/bold]  {escape(profile.get('name', '—'))}  {profile.get('tier', '')}  {page['as_of']}"
    )
    out.print(
        "[dim]"
        + escape(
            " · ".join(
                f"{name} {value}" for name, value in profile.items() if name not in ("id", "name", "zone", "today")
            )
        )
        + "[/dim]"
    )
    table = _table("consent", "purpose", "status", "since")
    for one in page["consents"]:
        table.add_row(
            one["channel"],
            one["purpose"],
            f"[{'green' if one['status'] == 'opt_in' else 'red'}]{one['status']}[/]",
            one["at"][:10],
        )
    out.print(table if page["consents"] else "no consent on record")
    pressure = page["pressure"]
    out.print(f"pressure: {pressure['contacts_7d']} contacts in 7 days, {pressure['contacts_30d']} in 30")
    lines = _table("when", "what", "")
    for one in page["timeline"][:15]:
        lines.add_row(one["at"][:16].replace("T", " "), one["what"], escape(one["text"]))
    out.print(lines if page["timeline"] else "no history yet")
    _suspicious(page["suspicious_notes"])
    best = _table(">rank", "next-best action", "channel", "product or offer", ">score")
    for one in page["next_best_actions"]:
        best.add_row(
            str(one["rank"]),
            one["action"],
            one["channel"] or "",
            one["sku"] or one["offer"] or "",
            money(one["score"], one["currency"]),
        )
    out.print(best)
