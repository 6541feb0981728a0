"""The contact policy as a page: ``python -m policies.contact_reference > docs/contact-policy.md``."""

from __future__ import annotations

from collections.abc import Sequence

from policies.catalogue import load_catalogue
from policies.contact import MEMBERS, ContactPolicy, Rule, said
from retrieval.customer import CHANNELS

INTRODUCTION = """\
# Contact policy

Every rule holds at once and the strictest wins: a rule that names channels, actions, groups or countries narrows what it speaks
about and never loosens another. This page is generated from `policies/contact_policy.yaml`; a home's own
`policies/contact_policy.yaml` replaces it.

A cap is an invariant over a person's contacts on all channels, made and planned together: with at most N within W, no N + 1 of
them lie within less than W; exactly W apart is allowed. So a contact may neither follow too many nor come before too many.
Calendar caps count in the zone they name. Service messages wait for no cap and count only where it is said. A contact of unknown
purpose counts as marketing. Contacts of a likely duplicate count as the person's own.

The gate G5 asks the same of features when a decision is made, so that what has no room now is not drafted. It is never looser
than the caps on marketing of every country below, as of that moment and for the actions that have it; the ledger asks everything
at approval and again when a message leaves. What may not leave yet is put off to the first instant that every rule allows, and
refused with that instant when what it says would no longer be true.
"""
SECTIONS = (
    ("caps", "Caps"),
    ("personal", "The customer's own limit"),
    ("rests", "Rests"),
    ("holds", "Holds"),
    ("hours", "Hours"),
)
HEADER = "| rule | allows | binds | reason | owner |\n|---|---|---|---|---|"


def page(policy: ContactPolicy) -> str:
    """The whole page in Markdown, one table per kind of rule."""
    tables = []
    for name, title in SECTIONS:
        found = getattr(policy, name)
        rules: Sequence[Rule] = found if isinstance(found, tuple) else (found,)
        tables.append("\n".join([f"## {title}", "", HEADER, *map(_row, rules)]))
    return "\n\n".join([INTRODUCTION.rstrip(), *tables]) + "\n"


def _row(rule: Rule) -> str:
    limit = (
        f"as asked for within {said(getattr(rule, 'within', None))}" if getattr(rule, "most", 1) == 0 else rule.limit()
    )
    cells = (f"`{rule.id}`", limit, _binds(rule), f"{rule.ja}<br>{rule.en}", rule.owner)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _binds(rule: Rule) -> str:
    """Whom the rule binds, in a few words."""
    reach = rule.reach
    countries = sorted(
        (reach.countries or frozenset()) - (MEMBERS if reach.countries and reach.countries >= MEMBERS else frozenset())
    )
    words = [", ".join(sorted(reach.purposes))]
    if reach.channels != frozenset(CHANNELS):
        words.append(", ".join(channel for channel in CHANNELS if channel in reach.channels))
    if reach.countries is not None:
        words.append(", ".join([*countries, *(["EU"] if reach.countries >= MEMBERS else [])]))
    words += [
        ", ".join(sorted(names))
        for names in (reach.regions, reach.kinds, reach.groups, reach.actions)
        if names is not None
    ]
    if getattr(rule, "counts_service", False):
        words.append("service messages count")
    if reach.exempt:
        words.append(f"not {', '.join(sorted(reach.exempt))}")
    return "; ".join(words)


if __name__ == "__main__":
    print(page(load_catalogue().contact), end="")
