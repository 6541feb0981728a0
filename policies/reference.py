"""The limits of every channel as a page: ``python -m policies.reference > docs/channels.md``."""

from __future__ import annotations

from pathlib import Path

from policies.channels import SPELLINGS, ChannelRules, Limit, load_channels

INTRODUCTION = """\
# Channels

What each channel can carry and what is still read on it. *Aim* is good practice: past it, or under *least*, a message is flagged;
past *most* it is blocked (copy check C06). Columns are half-width, a full-width letter takes two; UTF-16 units count an emoji twice or
more; a segment is what an SMS is billed as; lines are those of a postcard, 46 columns each; seconds are of reading aloud. This page is
generated from `policies/channels/`.
"""
HEADER = "| limit | part | unit | ja least · aim · most | en least · aim · most | why | source | confidence |\n|---|---|---|---|---|---|---|---|"


def page() -> str:
    """The whole page in Markdown, one table per channel."""
    sections = [_section(rules) for _, rules in sorted(load_channels(Path(__file__).parent).items())]
    known = ", ".join(f"`{other}` as `{ours}`" for other, ours in SPELLINGS.items())
    last = f"Names of the policy facts that are not ours are held to the limits of the nearest channel: {known}."
    return "\n\n".join([INTRODUCTION.rstrip(), *sections, last]) + "\n"


def _section(rules: ChannelRules) -> str:
    window = "–".join(one.strftime("%H:%M") for one in rules.window) if rules.window else "any time"
    facts = [
        "names its reader" if rules.names_reader else "names nobody",
        f"may leave: {window}",
        f"days until it is read: {rules.lag_days}",
    ]
    return "\n".join(
        [f"## {rules.id}", "", f"{rules.name['ja']} · {' · '.join(facts)}", "", HEADER, *map(_row, rules.limits)]
    )


def _row(limit: Limit) -> str:
    spans = (
        " · ".join("–" if value is None else f"{value:,}" for value in (span.min, span.aim, span.max))
        for span in (limit.spans["ja"], limit.spans["en"])
    )
    cells = (
        f"`{limit.id}`",
        limit.part.replace("_", " "),
        limit.unit,
        *spans,
        limit.why,
        limit.source,
        limit.confidence,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(page(), end="")
