"""The rules of law as a page: ``python -m policies.law_reference > docs/rules.md``."""

from __future__ import annotations

from pathlib import Path

from policies.jurisdictions import Law, LawRule, Pack, Source, load_law
from policies.law_checks.asking import LAW_CHANNELS

INTRODUCTION = """\
# Rules

What the law of each country, and the platforms, ask of a message; held against every draft and by `enishi check`.
**This is not legal advice**: counsel or a compliance officer must approve the rules before use. *From memory* marks a
source that was not read again. This page is generated from `policies/law/`; a home may replace a file or add its own.

How a rule is applied:

- The recipient's country and region, the sender's country (`sender.country`) and the jurisdiction a request names all count.
  Where the recipient's country is not known, Japan's rules and those of every plausible country apply, and the message is
  flagged.
- A block or a field that was not given is not known. In `suppression`, `registries` and every date, `null` says: nothing on
  record. The verdict when a check lacks a field is the rule's *when missing*.
- A rule about a kind of product, offer or call applies where the field says so. Where nobody told, it speaks only when the
  text gives a sign of it: an approver who is asked the same question of every message soon answers none.
- Mail headers are judged where they are given; a draft has none until it is released.
- What only a person can judge is marked *a person looks*, and flags the messages it is about, not all of them.
- Caps in a rule (messages in days) are kept by the contact policy.
"""


def page(law: Law) -> str:
    """The whole page in Markdown, one section per pack."""
    return "\n".join([INTRODUCTION, *(_section(pack) for pack in law.packs)]).rstrip() + "\n"


def _section(pack: Pack) -> str:
    head = (
        f"## {pack.title['ja']} / {pack.title['en']}\n\n{pack.notice['ja']} {pack.notice['en']}\n\n"
        f"Checked {pack.checked}; to be reviewed by {pack.review_by}.\n"
    )
    return "\n".join([head, *(_rule(rule) for rule in pack.rules)])


def _rule(rule: LawRule) -> str:
    channels = (
        "all channels"
        if len(rule.channels) == len(LAW_CHANNELS)
        else ", ".join(one for one in LAW_CHANNELS if one in rule.channels)
    )
    decided = {"person": "a person looks", "note": "nothing to check"}.get(rule.kind, f"check `{rule.kind}`")
    facts = [
        rule.jurisdiction, channels, rule.purpose, f"**{rule.severity}**, when missing {rule.on_missing}", decided,
        f"confidence {rule.confidence}",
    ]  # fmt: skip
    if rule.cap:
        facts.append(f"at most {rule.cap[0]} in {rule.cap[1]} days")
    lines = [f"### {rule.id}", "", rule.says["ja"], rule.says["en"], "", f"- {' · '.join(facts)}"]
    lines += [f"- applies where {told}" for told in [_conditions(rule)] if told]
    lines += [f"- {rule.note}"] if rule.note else []
    lines += [f"- source: {_source(source)}" for source in rule.sources]
    return "\n".join(lines) + "\n"


def _conditions(rule: LawRule) -> str:
    told = [
        f"`{path}` is given" if wanted is None else f"`{path}` is {_listed(wanted)}" for path, wanted in rule.given.items()
    ]  # fmt: skip
    if rule.signs:
        told.append(f"the text says {'、'.join(rule.signs.words[:6])}{' …' if len(rule.signs.words) > 6 else ''}")
    joined = " or ".join([" and ".join(told[: len(rule.given)]), *told[len(rule.given) :]] if rule.given else told)
    exempt = "; ".join(f"`{path}` is {_listed(values)}" for path, values in rule.unless.items())
    return f"{joined}{', ' if joined and exempt else ''}{f'not where {exempt}' if exempt else ''}"


def _listed(values: tuple[object, ...]) -> str:
    return " or ".join(
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value) for value in values
    )


def _source(source: Source) -> str:
    place = f"[{source.title}](<{source.url}>)" if source.url else f"{source.title}, {source.law}"
    return f"{place}, {source.publisher}{' (from memory)' if source.from_memory else ''}"


if __name__ == "__main__":
    print(page(load_law(Path(__file__).parent)), end="")
