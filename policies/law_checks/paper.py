"""Paper: what is a letter, and what is a postcard."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from policies.law_checks.asking import UNKNOWN, Answers, Breach, Circumstances, Lacking, Parameters, kind
from policies.law_checks.vocabulary import Words


class Carriers(Parameters):
    """``allowed_services`` may carry letters; ``generic_only_services`` may not; ``words``: what shows that a sheet is meant for one person."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    allowed_services: tuple[str, ...] = Field(min_length=1)
    generic_only_services: tuple[str, ...] = Field(min_length=1)
    words: Words


@kind(Carriers)
def shinsho(it: Circumstances, given: Carriers) -> Answers:
    """A sheet that names its reader goes only where letters may go (郵便法4条)."""
    name = it.text("recipient.name") or (it.message.surname or "")
    found = it.find(given.words)
    named = bool(name) and it.holds(f"{name}様")
    if it.value("message.personalised") is not True and not found and not named:
        return
    service = it.known("transport.postal_service")
    if service is UNKNOWN or (service not in given.allowed_services and service not in given.generic_only_services):
        yield Lacking("transport.postal_service")
    elif service in given.generic_only_services:
        part, start, end, word = found or ("body", None, None, "")
        yield Breach(
            f"特定の方に宛てた文書(信書)は、「{service}」では送れません", f"a sheet meant for one person is a letter and may not go by '{service}'",
            part, start, end, word,
        )  # fmt: skip


class Format(Parameters):
    """Shortest and longest sides in millimetres, lightest and heaviest in grams."""

    min_mm: tuple[float, float]
    max_mm: tuple[float, float]
    weight_g: tuple[float, float]


@kind(Format)
def postcard_format(it: Circumstances, given: Format) -> Answers:
    """Size and weight at which a card goes for the postcard rate."""
    size, weight = it.known("transport.size_mm"), it.known("transport.weight_g")
    if not isinstance(size, list | tuple) or len(size) != len(given.min_mm):
        yield Lacking("transport.size_mm")
    elif not all(low <= side <= high for low, side, high in zip(given.min_mm, sorted(size), given.max_mm, strict=True)):
        yield Breach("はがきの寸法に合いません", "the size is not that of a postcard")
    if not isinstance(weight, int | float):
        yield Lacking("transport.weight_g")
    elif not given.weight_g[0] <= weight <= given.weight_g[1]:
        yield Breach("はがきの重さに合いません", "the weight is not that of a postcard")
