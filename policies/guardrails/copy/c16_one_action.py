"""One message asks one thing: different calls to act compete, and none is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, Placed, once
from policies.guardrails.copy.reading import Reading, Spot

RULE = "C16"
LEVEL = "warn"
LANGUAGES = ("ja", "en")
_BUTTON = re.compile(r"^[ 　]{0,4}[▼▶►→👉☞][^\n]{1,80}", re.MULTILINE)
_ARROW = re.compile("[▼▶►→👉☞]")
_ASKED_JA = re.compile(
    r"(注文|購入|申し込み|申込み|登録|予約|応募|投稿|参加|回答|入会|交換|来店|紹介)(?:を|して|は)?(?:(?:お待ち|ください|いただけますと|くださいませ|はこちら|お願い(?:いた)?します)|[^。\n]{0,6}(?:ください|お願い))"
)
_VERBS_EN = (
    "order reorder buy book register join subscribe refer review enrol enroll redeem donate upgrade renew".split()
)
_ASKED_EN = re.compile(
    rf"^(?:please )?({'|'.join(_VERBS_EN)})\b|(?:\. |, and |! )(?:please )?({'|'.join(_VERBS_EN)})\b (?:your|the|a|now|here|us|today)",
    re.MULTILINE,
)
_SAME = {
    "reorder": "order", "buy": "order", "enroll": "enrol", "join": "enrol", "購入": "注文", "入会": "登録",
    "参加": "申込", "応募": "申込", "申し込み": "申込", "申込み": "申込", "予約": "申込",
}  # fmt: skip


def sign(paragraph: Paragraph) -> bool:
    """Whether it asks for something."""
    return _asked(paragraph) != (0, frozenset())


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of a second button or a second thing asked for."""
    if reading.message.channel == "phone":
        return
    # The imprint is looked for only where the whole body asks for several things.
    if not (_several(reading.of_body) and _several(reading.of_main)):
        return
    main = reading.main
    buttons = list(_BUTTON.finditer(main))
    if len(buttons) > 1:
        second = buttons[1]
        yield Spot(*second.span(), f"行動のお願いが{len(buttons)}つあります", f"{len(buttons)} calls to act")
        return
    asked: dict[str, re.Match[str]] = {}
    for verb, found in _verbs(main, reading.language):
        asked.setdefault(verb, found)
    if len(asked) > 1:
        second = list(asked.values())[1]
        yield Spot(
            *second.span(),
            f"お願いしていることが{len(asked)}つあります",
            f"{len(asked)} different things are asked for",
        )


def _several(paragraphs: list[Placed]) -> bool:
    told = [_asked(one) for _, _, one in paragraphs]
    return sum([buttons for buttons, _ in told]) > 1 or len(frozenset[str]().union(*[verbs for _, verbs in told])) > 1


def _verbs(text: str, language: str) -> Iterator[tuple[str, re.Match[str]]]:
    """What is asked for, by one word for what comes to the same."""
    for found in (_ASKED_JA if language == "ja" else _ASKED_EN).finditer(text if language == "ja" else text.lower()):
        verb = next(group for group in found.groups() if group)
        yield _SAME.get(verb, verb), found


@once
def _asked(paragraph: Paragraph) -> tuple[int, frozenset[str]]:
    """How many buttons it has, and what it asks for."""
    text = paragraph.masked
    buttons = len(_BUTTON.findall(text)) if _ARROW.search(text) else 0
    return buttons, frozenset(verb for verb, _ in _verbs(text, paragraph.language))
