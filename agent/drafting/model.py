"""Model drafts: one copy for everybody to whom the same words may go, filled by code for each.

The model sees a brief and answers with segments; a fact is printed by the same printer as in a template draft, so a model draft has
the same typed facts and the same guards.  Where no copy may be used, or the filled message is blocked, the template writes it and
the draft says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agent.drafting import MODEL, Draft, Order, Provenance, Timed, draft_of
from agent.drafting.copywriter import Copywriter, Judge, Written
from agent.drafting.outcomes import WITH_MODEL
from agent.drafting.specimen import facts as specimen
from agent.drafting.template import write
from agent.judging import judge_written
from agent.known import Known
from agent.sharing import ONCE
from agent.world import World
from policies.guardrails import GUARDS, Message, judge
from policies.guardrails.guard import BLOCK, Finding
from policies.identifiers.placeholders import COUNTS, restore
from policies.identifiers.scan import scan
from prompts.asking import Brief, brief_of
from prompts.bundle import ALWAYS
from prompts.facts import IDS, PERSON, SLOTS, Fact, claim_of, print_fact
from prompts.render import Copy, Shape
from prompts.segments import Fault, Wording, placeholders
from retrieval.errors import InputError
from retrieval.notes.suspicion import suspicion

Copies = Callable[[Mapping[str, tuple[Brief, Order]]], Mapping[str, Written]]
"""What came of each brief; each comes with one order that it is for."""
LONGEST_WISH = 200
LAW = "law"
"""The guard that speaks of words and of much else."""
_LET_DOWN, _UNHAPPY = 0.3, 2
"""Churn signal from which, and satisfaction up to which, words are reserved."""


@dataclass(frozen=True, slots=True)
class ModelDrafter:
    """Writes with ``copies``; ``ask`` is a rep's wish, which a batch does not have."""

    copies: Copies
    phrasings: int = 1
    ask: str = ""

    def __call__(self, orders: Sequence[Order], world: World, timed: Timed) -> tuple[Draft, ...]:
        """A judged draft for each order."""
        with timed("draft"):
            briefs = [self.brief(order, world.known) for order in orders]
            copies = self.copies({brief.key: (brief, order) for brief, order in zip(briefs, orders, strict=True)})
            written = [
                _draft(order, brief, copies[brief.key], world) for order, brief in zip(orders, briefs, strict=True)
            ]
        with timed("verdict"):
            judged = list(judge_written(written, world))
            again = [place for place, draft in enumerate(judged) if draft.drafter == MODEL and draft.verdict == BLOCK]
            plain = judge_written([_fallen_back(orders[place], judged[place], world) for place in again], world)
            for place, draft in zip(again, plain, strict=True):
                if _mends(draft, judged[place]):
                    judged[place] = draft
        return tuple(judged)

    def brief(self, order: Order, known: Known | None = None) -> Brief:
        """What the words depend on; no value of a fact is among it, and a wish names nobody who is ``known``."""
        row = order.decision.row
        satisfaction = row.get("csat_last")
        return brief_of(
            order.intent.action, order.intent.channel, order.intent.language, tuple(order.facts), formal=order.formal, business=order.business,
            voice=order.voice, care=(row.get("churn_signal") or 0) >= _LET_DOWN or (satisfaction is not None and satisfaction <= _UNHAPPY),
            phrasings=self.phrasings, ask=_screened(self.ask, order, known),
        )  # fmt: skip


def _screened(ask: str, order: Order, known: Known | None) -> str:
    """The wish, if it is about words alone.

    Raises InputError for one that reads like an instruction to a machine or holds anything of a person or of an offer: it could
    change neither, but it would leave the machine.  What identifies the reader may leave as little as what identifies another;
    where that cannot be told, no wish does.
    """
    if not ask:
        return ""
    wish = " ".join(ask.split())
    why = None
    if len(wish) > LONGEST_WISH:
        why = f"is longer than {LONGEST_WISH} characters"
    elif suspicion(wish).score > 0 or any(letter in wish for letter in '{}⟦⟧「」"<>'):
        why = "reads like an instruction to a machine; say how the message should be worded"
    elif known is not None and known.fault:
        why = f"cannot be checked for what identifies customers: {known.fault[1]}"
    elif scan(wish, order.intent.language) or _names_somebody(wish, order, known):
        why = "names a person or holds an identifier; nothing personal is sent to a model"
    elif any(rule != "segments.code" for rule in _naked(wish)):
        why = "holds a number, a price or a link; facts come from the decision, not from a wish"
    if why:
        raise InputError(f"the wish {why}", key="--ask")
    return wish


def _naked(wish: str) -> list[str]:
    from prompts.segments import TextSegment, faults

    found = faults({"body": [TextSegment(text=wish)]}, 1, channel="email", language="ja", required=(), optional=())
    return [fault.rule for fault in found]


def _names_somebody(wish: str, order: Order, known: Known | None) -> bool:
    if known is not None and known.index is not None and known.index.names(wish):
        return True
    personal = [
        fact.value
        for slot, fact in order.facts.items()
        if SLOTS[slot][0] == PERSON or fact.source.startswith("customers.")
    ]
    names = {part for value in personal if isinstance(value, str) for part in (value, *value.split()) if len(part) > 1}
    return any(name.lower() in wish.lower() for name in names)


def _draft(order: Order, brief: Brief, copy: Written, world: World) -> Draft:
    """The copy filled for one customer, or the template's words."""
    if copy.outcome not in WITH_MODEL:
        return _plain(order, copy, copy.outcome, copy.detail, world)
    wording = copy.wordings[order.decision.seed % len(copy.wordings)]
    filled = filled_in(_shape(wording, order, world), order)
    if filled is None:
        return _plain(order, copy, "placeholder", "", world)
    draft = draft_of(
        order.decision, order.intent, filled, order.facts, order.today, world.policy_version, drafter=MODEL
    )
    return replace(draft, about=order.about, provenance=_provenance(copy, copy.outcome))


def _shape(wording: Wording, order: Order, world: World) -> Shape:
    intent = order.intent
    return world.templates.lay_out(
        wording,
        intent.channel,
        intent.language,
        order.facts,
        today=order.today,
        formal=order.formal,
        business=order.business,
    )


def filled_in(shape: Shape, order: Order) -> Copy | None:
    """The copy with its facts put in, in one exact pass; None where a value may not stand in a placeholder's place."""
    intent, facts = order.intent, order.facts
    if not facts.keys() >= set(shape.slots):
        return None
    texts = {slot: print_fact(facts[slot], intent.language, intent.channel, order.today) for slot in shape.slots}
    names = placeholders(shape.slots, facts)
    values = {names[slot]: text for slot, text in texts.items()}
    open_ = shape.fill(facts, names)
    parts: list[str | None] = []
    for part in (open_.subject, open_.title, open_.body):
        restored = restore(part, values, declared=tuple(values), counts=COUNTS) if part is not None else None
        if restored is not None and restored.text is None:
            return None
        parts.append(restored.text if restored else None)
    return Copy(parts[0], parts[1], parts[2] or "", {facts[slot].id: text for slot, text in texts.items()}, shape)


def _plain(order: Order, copy: Written, outcome: str, detail: str, world: World) -> Draft:
    return replace(write(order, world), provenance=_provenance(copy, outcome, detail))


def _provenance(copy: Written, outcome: str, detail: str = "") -> Provenance:
    return Provenance(
        outcome=outcome, detail=detail, copy=copy.key, model=copy.model, requests=copy.requests, tokens_in=copy.tokens_in,
        tokens_cached=copy.tokens_cached, tokens_out=copy.tokens_out,
    )  # fmt: skip


def _fallen_back(order: Order, blocked: Draft, world: World) -> Draft:
    """The template's draft in place of a blocked one, with the rules that blocked it."""
    rules = ", ".join(dict.fromkeys(one.rule for one in blocked.findings if one.severity == BLOCK))
    provenance = replace(blocked.provenance, outcome="blocked", detail=rules) if blocked.provenance else None
    return replace(write(order, world), provenance=provenance)


def _mends(plain: Draft, blocked: Draft) -> bool:
    """Whether the template's words are better; where the message itself may not go, they would not make it go, and the model's stay."""
    return plain.verdict != BLOCK or bool(of_words(blocked.findings, lambda: plain.findings))


def of_words(findings: Sequence[Finding], by_hand: Callable[[], Sequence[Finding]]) -> list[Finding]:
    """The blocks that other words would not meet.

    What a guard of words blocks is one.  What the law does may be about the words (one that may not be said, one that must) or
    about the reader, the hour, the consent; it is about the words where those written ``by_hand`` do not meet the same.
    """
    blocks = [one for one in findings if one.severity == BLOCK and (one.guard in ONCE or one.guard == LAW)]
    if any(one.guard == LAW for one in blocks):
        met = {(one.rule, one.ja) for one in by_hand() if one.guard == LAW}
        blocks = [one for one in blocks if one.guard != LAW or (one.rule, one.ja) not in met]
    return blocks


# --- judging a wording before it is anybody's ------------------------------------------------------------------------------


def judged_on_specimens(world: World, today: date) -> Judge:
    """Holds a wording against the guards of words with invented facts, and against what the law says wherever its readers live."""

    def judged(brief: Brief, wording: Wording, number: int) -> list[Fault]:
        slots = [slot for slot in SLOTS if slot in ALWAYS or slot in brief.required or slot in brief.optional]
        kept = [slot for slot in slots if brief.business or slot not in ("company", "department", "title")]
        facts = specimen(kept, brief.language, today)
        shape = world.templates.lay_out(
            wording, brief.channel, brief.language, facts, today=today, formal=brief.formal, business=brief.business
        )
        texts = {slot: print_fact(facts[slot], brief.language, brief.channel, today) for slot in shape.slots}
        copy = shape.fill(facts, texts)
        message = Message(
            channel=brief.channel, language=brief.language, purpose=brief.purpose, subject=copy.subject, title=copy.title, body=copy.body,
            action=world.catalogue.by_id.get(brief.action), addressee=_printed(facts, "addressee", brief), surname=_printed(facts, "surname", brief),
            grounded=frozenset(texts.values()), facts=tuple(claim_of(facts[slot], brief.language) for slot in shape.slots), scope="text",
        )  # fmt: skip

        def by_law(copy: Copy) -> list[Finding]:
            said = replace(message, subject=copy.subject, title=copy.title, body=copy.body, scope="all")
            first, *others = [
                judge(replace(said, jurisdiction=country), world.catalogue, {LAW: GUARDS[LAW]})
                for country in _countries(brief.language, world)
            ] or [()]
            elsewhere = [{(one.rule, one.ja) for one in found} for found in others]
            return [one for one in first if all((one.rule, one.ja) in found for found in elsewhere)]

        def by_hand() -> list[Finding]:
            return by_law(
                world.templates.render(
                    brief.action, brief.channel, brief.language, facts, today=today, seed=0, formal=brief.formal, business=brief.business,
                )
            )  # fmt: skip

        findings = (*judge(message, world.catalogue), *by_law(copy))
        return _told(of_words(findings, by_hand), number, {}, world)

    return judged


def _countries(language: str, world: World) -> list[str]:
    """Where the readers of a copy live: those of Japanese in Japan, the others where one of the shops is."""
    if language == "ja":
        return ["JP"]
    return sorted({sender.country for sender in world.senders.values() if sender.country})


def judged_for(order: Order, world: World) -> Judge:
    """Holds a wording against the guards of words and the law as its one reader would get it; what is said of it names them by ids."""

    def judged(brief: Brief, wording: Wording, number: int) -> list[Fault]:
        filled = filled_in(_shape(wording, order, world), order)
        if filled is None:
            return []
        draft = draft_of(
            order.decision, order.intent, filled, order.facts, order.today, world.policy_version, drafter=MODEL
        )
        findings = judge_written([replace(draft, about=order.about)], world)[0].findings
        texts = {
            IDS[slot]: print_fact(fact, brief.language, brief.channel, order.today)
            for slot, fact in order.facts.items()
        }
        told = of_words(findings, lambda: judge_written([write(order, world)], world)[0].findings)
        return _told(told, number, texts, world)

    return judged


def _printed(facts: Mapping[str, Fact], slot: str, brief: Brief) -> str | None:
    return str(facts[slot].value) if slot in facts else None


def _told(findings: Sequence[Finding], number: int, texts: Mapping[str, str], world: World) -> list[Fault]:
    """Findings with ids in the place of printed facts; beside one of the law stands what its rule asks."""
    told = []
    for one in findings:
        ja, en = _masked(one.ja, texts), _masked(one.en, texts)
        if one.guard == LAW and (rule := world.catalogue.law.rules.get(one.rule)):
            ja, en = f"{ja}。{rule.says['ja']}", f"{en}. {rule.says['en']}"
        told.append(Fault(one.rule, number, one.part, 0, _masked(one.text, texts), ja, en))
    return told


def _masked(said: str, texts: Mapping[str, str]) -> str:
    for identifier, text in sorted(texts.items(), key=lambda item: -len(item[1])):
        if text:
            said = said.replace(text, f"⟦{identifier}⟧")
    return said


def directly(copywriter: Copywriter, world: World) -> Copies:
    """Ask now, and judge each wording for the one it is written to."""

    def copies(wanted: Mapping[str, tuple[Brief, Order]]) -> Mapping[str, Written]:
        orders = {key: order for key, (_, order) in wanted.items()}

        def judged(brief: Brief, wording: Wording, number: int) -> Sequence[Fault]:
            return judged_for(orders[brief.key], world)(brief, wording, number)

        return copywriter.write([brief for brief, _ in wanted.values()], judge=judged)

    return copies
