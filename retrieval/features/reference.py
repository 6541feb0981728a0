"""The vocabulary of conditions as a page: ``python -m retrieval.features.reference > docs/features.md``."""

from __future__ import annotations

from retrieval.features import FAMILIES
from retrieval.features.feature import Feature

HEADER = "| name | per | type | unit | else | definition |\n|---|---|---|---|---|---|"
INTRODUCTION = """\
# Features

The names a condition may use, computed for each customer as of one moment; nothing later than that moment counts.
A value that is not known is null, and a comparison with null is false. *Per* says what one value
belongs to: the customer, each channel, each action, each candidate product (`s_…`) or each candidate offer (`o_…`).
*Else* is the value when nothing is known; an empty cell means null. This page is generated from `retrieval/features/`.
"""


def page() -> str:
    """The whole page in Markdown, one table per family."""
    sections = (
        "\n".join([f"## {family.FAMILY}", "", HEADER, *(_row(feature) for feature in family.FEATURES)])
        for family in FAMILIES
    )
    return "\n\n".join([INTRODUCTION.rstrip(), *sections]) + "\n"


def _row(feature: Feature) -> str:
    kind = " · ".join(f"`{word}`" for word in feature.words) if feature.words else feature.kind
    other = "" if feature.default is None else f"`{feature.default}`"
    cells = (f"`{feature.name}`", feature.grain, kind, feature.unit, other, feature.definition)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(page(), end="")
