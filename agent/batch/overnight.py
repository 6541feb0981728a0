"""A run's copies on their way through a provider's batch interface: sent once, fetched when they are there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from agent.batch.run import Run, go_on, worker_name
from agent.drafting.copies import budget_left, keep, wanted
from agent.drafting.copywriter import Written
from agent.drafting.limits import Budget
from agent.drafting.outcomes import POSTED
from agent.drafting.overnight import Incoming, NoBatch, Outgoing, Provider, Standing, line_of, parcels
from agent.drafting.posts import (
    BACK,
    DROPPED,
    OPEN,
    SENDING,
    SENT,
    Post,
    briefs_in,
    held,
    note,
    posts_of,
    put_up,
    want_again,
)
from agent.enishi import Enishi
from agent.review import audit
from prompts.asking import Brief
from retrieval.database import writing
from retrieval.errors import InputError, Unreachable


def brought(enishi: Enishi, run: Run, *, now: bool = False) -> Run | None:
    """Send what is to be sent, fetch what is there; the run, ready to be worked, or None while the provider is at it.

    With ``now`` nothing more is waited for: what has not come is cancelled there and left to be asked for at once.  Raises
    InputError where key, address or request are wrong, Unreachable where the provider does not answer; then nothing is lost, and it
    can be tried again.
    """
    if not now and _sent(enishi, run):
        return None
    for post in _open(enishi, run.name):
        with held(enishi.engine, post, worker_name(), datetime.now(UTC)):
            _fetched(enishi, run, post) if not now else _hurried(enishi, run, post)
    return None if _open(enishi, run.name) else go_on(enishi.engine, run.name)


def _open(enishi: Enishi, run: str) -> list[Post]:
    return [post for post in posts_of(enishi.engine, run) if post.state in OPEN]


def cancelled(enishi: Enishi, name: str) -> list[str]:
    """Ask the provider for no more of a cancelled run; the batches that it could not be told of."""
    untold: list[str] = []
    for post in _open(enishi, name):
        try:
            with held(enishi.engine, post, worker_name(), datetime.now(UTC)):
                provider = Provider(enishi.home.settings.drafting)
                found = _found(provider, post)
                if found is not None and not found.ended:
                    provider.cancel(found.batch)
        except (InputError, Unreachable) as error:
            if post.batch or not isinstance(error, NoBatch):
                untold.append(post.batch or post.label)
        _note(enishi, post, DROPPED)
    return untold


# --- sending --------------------------------------------------------------------------------------------------------------


def _sent(enishi: Enishi, run: Run) -> bool:
    """Whether anything was sent just now."""
    lines, fresh = _put_up(enishi, run)
    sending = [post for post in _open(enishi, run.name) if post.state == SENDING]
    for post in sending:
        with held(enishi.engine, post, worker_name(), datetime.now(UTC)):
            provider = Provider(enishi.home.settings.drafting)
            # One that somebody began to send may be there, whatever came of them.
            standing = None if post.number in fresh else provider.find(post.label)
            if standing is None:
                briefs = briefs_in(enishi.engine, post)
                asked = lines if post.number in fresh else _questions(enishi, run, briefs, Budget())[0]
                keys = [brief.key for brief in briefs if brief.key in asked]
                standing = provider.send(post.label, [line_of(key, asked[key]) for key in keys])
            _note(enishi, post, SENT, standing, by=run.requested_by)
    return bool(sending)


def _put_up(enishi: Enishi, run: Run) -> tuple[Mapping[str, bytes], list[int]]:
    """Make posts of what is wanted: key → question, and the numbers of the posts.  What may not be asked has its outcome at once."""
    if not (briefs := wanted(enishi.engine, run.name)):
        return {}, []
    lines, made = _questions(enishi, run, briefs, budget_left(enishi.engine, run.name, enishi.home.settings.drafting))
    for written in made.values():
        if written.outcome != POSTED:
            keep(enishi.engine, run.name, written)
    return lines, put_up(enishi.engine, run.name, made, parcels(lines))


def _questions(
    enishi: Enishi, run: Run, briefs: list[Brief], budget: Budget
) -> tuple[Mapping[str, bytes], Mapping[str, Written]]:  # fmt: skip
    """What would be asked about each brief, and what came of each; nothing is sent."""
    outgoing = Outgoing(enishi.home.settings.drafting)
    copywriter = enishi.copywriter(as_of=run.as_of, budget=budget)
    copywriter.letterbox = outgoing
    made = copywriter.write(briefs)
    return outgoing.lines, made


# --- fetching -------------------------------------------------------------------------------------------------------------


def _fetched(enishi: Enishi, run: Run, post: Post) -> None:
    """Make copies of a post's answers, if it is there; every copy of it has an outcome then."""
    provider = Provider(enishi.home.settings.drafting)
    standing = provider.look(str(post.batch))
    _note(enishi, post, post.state, standing)
    if standing.ended:
        _taken(enishi, run, post, provider, standing)


def _taken(
    enishi: Enishi, run: Run, post: Post, provider: Provider, standing: Standing, *, again: bool = False
) -> None:
    """Read, judge and where need be repair what came back; with ``again`` what did not come is wanted once more."""
    settings = enishi.home.settings.drafting
    incoming = Incoming(settings, provider.fetch(standing), standing.failure)
    if again:
        want_again(
            enishi.engine, post, [brief.key for brief in briefs_in(enishi.engine, post) if not incoming.has(brief.key)]
        )
    copywriter = enishi.copywriter(as_of=run.as_of, budget=budget_left(enishi.engine, run.name, settings))
    copywriter.letterbox = incoming
    copywriter.write(briefs_in(enishi.engine, post), finished=lambda written: keep(enishi.engine, run.name, written))
    _note(enishi, post, BACK, standing)


def _hurried(enishi: Enishi, run: Run, post: Post) -> None:
    """Take what is there, and wait for no more."""
    provider = Provider(enishi.home.settings.drafting)
    try:
        standing = _found(provider, post)
        if standing is not None and not standing.ended:
            standing = provider.cancel(standing.batch)
    except NoBatch:
        standing = None
    if standing is not None and standing.ended:
        _taken(enishi, run, post, provider, standing, again=True)
        return
    want_again(enishi.engine, post)
    _note(enishi, post, DROPPED, standing)


def _found(provider: Provider, post: Post) -> Standing | None:
    return provider.look(post.batch) if post.batch else provider.find(post.label)


def _note(enishi: Enishi, post: Post, state: str, standing: Standing | None = None, *, by: str | None = None) -> None:
    """How far a post is now; ``by`` whom it left, for the audit log."""
    at = datetime.now(UTC)
    with writing(enishi.engine) as connection:
        note(connection, post, state, standing, at)
        if by is not None and standing is not None:
            detail = {"batch": standing.batch, "copies": post.copies}
            audit.append(connection, at=at, actor=by, event="copies_posted", subject=post.run, detail=detail)
