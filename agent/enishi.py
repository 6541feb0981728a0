"""The product as a Python object: open a home, recommend, explain, draft.

from agent import Enishi
with Enishi.open("home") as enishi:
    decision = enishi.recommend("C101")
    draft = enishi.draft("C101", channel="email")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from sqlalchemy import Connection, Engine, func, literal, select

from agent import store
from agent.canonical import canonical, digest, first_difference
from agent.decision import Decision, answer
from agent.drafting import DRAFTERS, MODEL, TEMPLATE, Draft, Drafter
from agent.drafting.limits import Budget, budget_of
from agent.drafting.template import from_templates
from agent.known import Known, Register
from agent.pipeline import Work, work
from agent.settings import Home, open_home
from agent.tables import decisions
from agent.world import World, load_world
from policies.catalogue import Action
from policies.contact import earliest
from policies.eligibility import Exclusion, Screen
from prompts.asking import Asking
from prompts.sender import Sender
from retrieval.customer import CHANNELS, LANGUAGES
from retrieval.database import connect, reading, upgrade, writing
from retrieval.errors import EnishiError, InputError, nearest
from retrieval.frames import Frames, known_at
from retrieval.goods import Shelves
from retrieval.history import instant, read_customer, read_shelves
from retrieval.records import parse, to_record
from retrieval.tables import HISTORY, bucket_of

if TYPE_CHECKING:
    from agent.drafting.copywriter import Copywriter
    from agent.drafting.provider import Connect
    from retrieval.notes.erasure import Erased
    from retrieval.notes.home import Notes


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A decision with the frames and the world it was made in; ``answer`` is the JSON that other programs read."""

    decision: Decision
    frames: Frames
    world: World
    work: Work
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What a decision depended on besides its customer, for deciding again as it was decided then.

    ``policy_version`` names the policies it was made under: the decision and its draft say so, whatever is in force now.
    ``asked`` is what a person narrowed it to; ``seed`` None is the seed that customer, run and policies give.
    """

    policy_version: str
    run: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None


class Excluded(EnishiError):
    """A rule forbids what was asked for; the sentence says which, and what would have to change (exit 1)."""


class Enishi:
    """An open home.  Every method takes ``as_of`` (aware; default now) and lets nothing later be seen."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @classmethod
    def open(cls, folder: str | Path = ".enishi") -> Enishi:
        """Open the home in ``folder``.

        Raises InputError when there is none or its settings, policies or templates are wrong, Unreachable when its
        database does not answer.
        """
        return cls(open_home(Path(folder)))

    def __enter__(self) -> Enishi:
        return self

    def __exit__(self, *_: object) -> None:
        if "notes" in self.__dict__:
            self.notes.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    @cached_property
    def engine(self) -> Engine:
        """The database, brought to the newest schema."""
        engine = connect(self.home.database_url)
        upgrade(engine)
        return engine

    @cached_property
    def world(self) -> World:
        """Policies, templates and shops in force."""
        return load_world(
            self.home.settings.shops,
            policies=(self.home.policies,),
            prompts=(self.home.prompts,),
            compiled=self.home.compiled_templates(),
        )

    @cached_property
    def register(self) -> Register:
        """Everybody's identifiers, so that none stands in another's message."""
        return Register(self.home)

    def known(self) -> Known:
        """The index of everybody's identifiers, brought up to date."""
        with reading(self.engine) as connection:
            return self.register.at(connection, datetime.now(UTC))

    @cached_property
    def shelves(self) -> Shelves:
        """Products and offers, read once."""
        with reading(self.engine) as connection:
            return read_shelves(connection)

    @cached_property
    def notes(self) -> Notes:
        """What was written about the customers: search, index, erase."""
        from retrieval.notes.home import Notes

        return Notes(self.engine, self.home.folder, self._without_identifiers)

    def _without_identifiers(self, notes: Sequence[tuple[str, str]]) -> list[str]:
        """Texts of notes, by customer, as they may leave the machine: every identifier is a placeholder."""
        from policies.identifiers.index import KnownIdentifiers
        from policies.identifiers.placeholders import mask_free_text
        from retrieval.notes.note import language_of

        people = HISTORY["customers"]
        whose = {customer for customer, _ in notes}
        meant = people.c.bucket.in_({bucket_of(customer) for customer in whose}) & people.c.id.in_(whose)
        # A question about everybody may name anybody: whoever's name begins or ends in it.
        for text in (text.lower() for customer, text in notes if not customer):
            name = func.lower(people.c.name)
            meant |= literal(text).contains(func.substr(name, 1, 2)) | literal(text).contains(
                func.substr(name, func.length(name) - 1)
            )
        with reading(self.engine) as connection:
            named = connection.execute(select(people.c.id, people.c.name).where(meant, people.c.name.is_not(None)))
            rows = [(row.id, [("PERSON", row.name)]) for row in named]
        known = KnownIdentifiers.build(rows, self.home.key, now=datetime.now(UTC))
        # Seeded, so that the same words have the same vector.
        return [mask_free_text(text, language_of(text), known=known, random=Random(0)).text for _, text in notes]

    def erase_notes(self, *customer_ids: str, actor: str = "", at: datetime | None = None) -> Erased:
        """Erase what was written about these customers, down to the bytes, and say so in the audit log.

        Raises InputError for an unknown customer or an index that cannot be opened here, Unreachable when database or index do not
        answer; nothing is erased then.
        """
        from agent.review import audit

        moment = at or datetime.now(UTC)

        def noted(connection: Connection, notes: int) -> None:
            for customer in dict.fromkeys(customer_ids):
                audit.append(connection, at=moment, actor=actor, event="notes_erased", subject=customer, detail={})

        return self.notes.erase(customer_ids, noted=noted)

    def frames(self, customer_id: str, *, as_of: datetime | None = None) -> Frames:
        """One customer as a partition of one.

        Raises InputError naming the nearest id when there is no such customer.
        """
        bucket = bucket_of(customer_id)
        with reading(self.engine) as connection:
            found = read_customer(connection, as_of or datetime.now(UTC), self.shelves, customer_id)
            if found.size == 0:
                ids = connection.execute(select(HISTORY["customers"].c.id).limit(2000)).scalars()
                raise InputError(f"no customer '{customer_id}'{nearest(customer_id, ids)}", key="customer")
            return store.with_reservations(connection, found, bucket, bucket)

    def record(self, customer_id: str, *, as_of: datetime | None = None) -> dict[str, Any]:
        """The stored customer as one record (JSON), which ``recommend_record`` takes again; raises as ``frames``."""
        frames = self.frames(customer_id, as_of=as_of)
        sender = self.world.senders.get(frames.customers["shop"][0], Sender())
        return to_record(frames, 0, sender.model_dump(exclude_none=True, exclude={"voice"}))

    def recommend(self, customer_id: str, *, as_of: datetime | None = None) -> Recommendation:
        """Decide for one customer and store the decision; nothing is drafted."""
        frames = self.frames(customer_id, as_of=as_of)
        made = work(frames, self.world, drafting=False)
        with writing(self.engine) as connection:
            store.save(connection, made, run="", at=frames.as_of, requested_by="")
        return self._recommendation(frames, made, self.world)

    def recommend_record(
        self, text: str | bytes, *, file: object = None, line: int | None = None, draft: bool = False
    ) -> Mapping[str, Any]:
        """Decide for one customer record (JSON); nothing is stored.

        Raises InputError naming file, line and key of what is wrong in the record.
        """
        made = self.decide_record(text, file=file, line=line, drafting=draft)
        found = dict(made.answer)
        if draft:
            found["draft"] = draft_json(made.work.drafts[0]) if made.work.drafts else None
        return found

    def decide_record(
        self, text: str | bytes, *, file: object = None, line: int | None = None, drafting: bool = False,
        frozen: Frozen | None = None, drafter: Drafter = from_templates,
    ) -> Recommendation:  # fmt: skip
        """The decision (and, with ``drafting``, the judged draft) of one customer record, with all it was made from.

        ``frozen`` decides as it was decided then; raises as ``recommend_record``.
        """
        record = parse(text, file=file, line=line)
        frames = known_at(record.now, record.frames)
        if frozen is None:
            world = self._speaking_as(self.world, record.sender, frames)
            return self._recommendation(frames, work(frames, world, drafting=drafting, drafter=drafter), world)
        asked = frozen.asked
        frames = _in_language(frames, asked.get("language"))
        narrowed = replace(
            self._narrowed(asked.get("action"), asked.get("channel")), policy_version=frozen.policy_version
        )
        world = self._speaking_as(narrowed, record.sender, frames)
        made = work(frames, world, run=frozen.run, asked=asked, drafting=drafting, drafter=drafter, seed=frozen.seed)
        return self._recommendation(frames, made, world)

    def _speaking_as(self, world: World, sender: Mapping[str, Any], frames: Frames) -> World:
        """The world with a record's own sender."""
        return replace(world, senders={shop: Sender.model_validate(sender) for shop in set(frames.customers["shop"])})

    def _recommendation(self, frames: Frames, made: Work, world: World) -> Recommendation:
        decision = made.decisions[0]
        found = {**answer(decision, frames, world), "excluded": exclusions(world.screen, made, frames)}
        return Recommendation(decision, frames, world, made, found)

    def draft(
        self, customer_id: str, *, action: str | None = None, channel: str | None = None, language: str | None = None,
        as_of: datetime | None = None, requested_by: str = "", drafter: str = TEMPLATE, ask: str = "", connect: Connect | None = None,
        lets_through: tuple[type[BaseException], ...] = (),
    ) -> Draft | Recommendation:  # fmt: skip
        """Decide (or take ``action`` and ``channel`` as asked, if the rules allow them), draft, judge, queue for approval.

        ``drafter`` is ``template`` or ``model``; ``ask`` is a wish about the words, for a model, and ``connect`` another way to one
        than the settings'; ``lets_through`` are exceptions that are no failure of a model, such as a recorder's.  Returns the
        draft, or the recommendation when nothing should be sent.  Raises InputError when what is asked for is unknown, Excluded
        when a rule forbids it.
        """
        writes = self._drafter(drafter, ask, connect, lets_through)
        frames = self.frames(customer_id, as_of=as_of)
        if language is not None and language not in LANGUAGES:
            raise InputError(f"unknown language '{language}'{nearest(language, LANGUAGES)}", key="lang")
        asked = {
            name: value
            for name, value in (("action", action), ("channel", channel), ("language", language))
            if value is not None
        }
        world = replace(self._narrowed(action, channel), known=self.known())
        made = work(_in_language(frames, language), world, asked=asked, drafter=writes)
        if not made.drafts:
            if action:
                self._refuse(frames, action, channel)
            return self._recommendation(frames, made, self.world)
        if drafter == MODEL:
            # The same decision may be written for again, by another drafter or with another wish.
            made = replace(
                made,
                drafts=tuple(
                    replace(one, id=f"m-{digest(canonical([one.id, one.digest, ask]))}") for one in made.drafts
                ),
            )
        with writing(self.engine) as connection:
            store.save(connection, made, run="", at=frames.as_of, requested_by=requested_by)
        return made.drafts[0]

    def copywriter(
        self, connect: Connect | None = None, *, as_of: datetime, budget: Budget | None = None
    ) -> Copywriter:
        """Asks the model of the settings for copies, within their limits.

        Raises InputError when the settings name none, its key is missing, the extra is not installed, or a prompt of the home is
        broken.
        """
        from agent.drafting.copywriter import Copywriter
        from agent.drafting.model import judged_on_specimens
        from agent.drafting.provider import connection

        drafting = self.home.settings.drafting
        asking = Asking(self.world.templates)
        asking.check(shop.voice for shop in self.home.settings.shops.values() if shop.voice)
        return Copywriter(
            drafting, connect or connection(drafting), asking, judged_on_specimens(self.world, as_of.date()),
            budget or budget_of(drafting),
        )  # fmt: skip

    def _drafter(
        self, name: str, ask: str, connect: Connect | None, lets_through: tuple[type[BaseException], ...]
    ) -> Drafter:  # fmt: skip
        if name not in DRAFTERS:
            raise InputError(f"unknown drafter '{name}'{nearest(name, DRAFTERS)}", key="--drafter")
        if name == TEMPLATE:
            if ask:
                raise InputError("a wish is for a model: add --drafter model", key="--ask")
            return from_templates
        from agent.drafting.model import ModelDrafter, directly

        copywriter = self.copywriter(connect, as_of=datetime.now(UTC))
        copywriter.lets_through = lets_through
        return ModelDrafter(directly(copywriter, self.world), ask=ask)

    def _narrowed(self, action: str | None, channel: str | None) -> World:
        """The world in which only what was asked for, or silence, can be chosen; every rule stays."""
        if action is None and channel is None:
            return self.world
        if channel is not None and channel not in CHANNELS:
            raise InputError(f"unknown channel '{channel}'{nearest(channel, CHANNELS)}", key="channel")
        asked = self.world.catalogue.action(action) if action else None
        if asked and channel and channel not in asked.channels:
            raise InputError(
                f"'{action}' does not go by {channel} — it goes by {', '.join(asked.channels)}", key="channel"
            )
        kept = tuple(
            replace(item, channels=(channel,) if channel else item.channels)
            for item in self.world.catalogue.actions
            if item.id == "no_action"
            or ((asked is None or item.id == asked.id) and (channel is None or channel in item.channels))
        )
        if asked:
            kept = tuple(
                item if item.id == "no_action" else replace(item, tier="service")
                for item in kept
                if not item.internal or item.id in ("no_action", asked.id)
            )
        catalogue = replace(self.world.catalogue, actions=kept)
        return replace(self.world, catalogue=catalogue, screen=Screen(catalogue))

    def _refuse(self, frames: Frames, action: str, channel: str | None) -> None:
        for row in self.why(frames, action=action, channel=channel):
            if row["state"] == "excluded":
                place = f"'{row['action']}'" + (f" on {row['channel']}" if row["channel"] else "")
                until = f"; earliest {row['earliest']}" if row["earliest"] else ""
                raise Excluded(f"{place} is excluded by {row['rule']} ({row['stage']}): {row['change_en']}{until}")
        raise Excluded(f"'{action}' has nothing to say to this customer")

    def why(self, frames: Frames, *, action: str | None = None, channel: str | None = None) -> list[dict[str, Any]]:
        """For every action × channel: chosen, lost (by how much) or excluded (rule, clause, values, what would have to change)."""
        if action is not None:
            self.world.catalogue.action(action)
        if channel is not None and channel not in CHANNELS:
            raise InputError(f"unknown channel '{channel}'{nearest(channel, CHANNELS)}", key="channel")
        made = work(frames, self.world, drafting=False)
        candidates = answer(made.decisions[0], frames, self.world)["candidates"]
        best = candidates[0]
        rows = [
            {
                "action": one["action"], "channel": one["channel"], "state": "chosen" if place == 0 else "lost", "bound": one["sku"] or one["offer"],
                "score": one["score"], "currency": one["currency"], "behind": round(best["score"] - one["score"], 6),
                "chosen": best["action"],
            }
            for place, one in enumerate(candidates)
        ]  # fmt: skip
        rows += [{**row, "state": "excluded"} for row in exclusions(self.world.screen, made, frames, full=True)]
        if action is not None:
            told = {(row["rule"], row["bound"]) for row in rows if row["state"] == "excluded"}
            pairs = unbound(self.world.screen, made, frames, self.world.catalogue.action(action))
            rows += [{**row, "state": "excluded"} for row in pairs if (row["rule"], row["bound"]) not in told]
        return [
            row
            for row in rows
            if action in (None, row["action"]) and (channel is None or row["channel"] in (None, channel))
        ]

    def replay(self, decision_id: str) -> str | None:
        """Recompute a stored decision from the history; None when it comes out byte for byte, else the first difference.

        Raises InputError when there is no such decision.
        """
        with reading(self.engine) as connection:
            row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).mappings().first()
            if row is None:
                near = connection.execute(select(decisions.c.id).limit(1000)).scalars()
                raise InputError(f"no decision '{decision_id}'{nearest(decision_id, near)}", key="decision")
        stored = orjson.loads(row["record"])
        asked = stored.get("asked", {})
        frames = _in_language(self.frames(row["customer_id"], as_of=instant(row["as_of"])), asked.get("language"))
        world = self._narrowed(asked.get("action"), asked.get("channel"))
        made = work(frames, world, run=row["run"], asked=asked, drafting=False).decisions[0]
        if made.record == row["record"].encode() and made.id == decision_id:
            return None
        now = orjson.loads(made.record)
        known = made.vocabulary
        if known is not None and stored.get("vocabulary") == known.id == now["vocabulary"]:
            stored, now = known.named(stored), known.named(now)
        return first_difference(stored, now) or "the stored record was changed: its digest is not its id"


def _in_language(frames: Frames, language: str | None) -> Frames:
    """The frames with the customer addressed in ``language``; None leaves it to them."""
    return (
        frames
        if language is None
        else replace(frames, customers=frames.customers.with_columns(pl.lit(language).alias("language")))
    )


def exclusions(screen: Screen, made: Work, frames: Frames, *, full: bool = False) -> list[dict[str, Any]]:
    """Every action × channel that one customer (i = 0) is excluded from; ``full`` adds clause and wording for a person."""
    contacts = frames.contacts.filter(pl.col("purpose") == "marketing").select("at", "channel").rows()
    return [_excluded(found, frames, contacts, full) for found in screen.explain(made.features, made.bound, 0)]


def unbound(screen: Screen, made: Work, frames: Frames, action: Action) -> list[dict[str, Any]]:
    """Every product or offer that ``action`` cannot be bound to for one customer (i = 0), for a person."""
    return [_excluded(found, frames, [], True) for found in screen.explain_pairs(made.features, made.bound, 0, action)]


def _excluded(found: Exclusion, frames: Frames, contacts: list[tuple[datetime, str]], full: bool) -> dict[str, Any]:
    moment = earliest(found.explanation, frames.as_of, contacts, found.channel)
    row: dict[str, Any] = {
        "action": found.action, "channel": found.channel, "stage": found.stage, "rule": found.rule,
        "seen": dict(found.explanation.seen) if found.explanation else {},
        "earliest": moment.isoformat() if moment else None,
    }  # fmt: skip
    if full:
        row |= {
            "bound": found.bound, "clause": found.clause,
            "change_ja": found.explanation.ja if found.explanation else "対象になる商品や特典がありません",
            "change_en": found.explanation.en if found.explanation else "there is nothing it could be bound to",
        }  # fmt: skip
    return row


def draft_json(draft: Draft) -> dict[str, Any]:
    """A draft as other programs read it."""
    return {
        "id": draft.id, "action": draft.intent.action.id, "channel": draft.intent.channel, "language": draft.intent.language,
        "subject": draft.copy.subject, "title": draft.copy.title, "body": draft.copy.body,
        "facts": [{"id": fact["id"], "text": fact["text"], "source": fact["source"]} for fact in draft.facts],
        "drafter": draft.drafter, "drafting": draft.provenance.json() if draft.provenance else None, "verdict": draft.verdict, "findings": [store.finding_json(finding) for finding in draft.findings],
        "fixed": [store.finding_json(finding) for finding in draft.fixed],
        "digest": draft.digest,
    }  # fmt: skip
