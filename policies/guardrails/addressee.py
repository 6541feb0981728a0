"""The reader is named exactly as they should be, or not at all (copy checks C02 and E01).

Where a channel names its reader, the name stands in the salutation with one honorific and at most twice in all.  A lock
screen and a package insert name nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, FLAG, Finding, Message, Scope

SCOPE: Scope = "copy"
_DOUBLED_SIGNS = ("様様", "殿", "各位", "御中", "さま", "さん")
"""What a wrong honorific has; a text without it needs no closer look."""
_HONORIFICS = ("様", "さま", "さん")
_DOUBLED = re.compile(r"様様|殿様|各位様|御中様|御中\s*[^\n]{1,20}様|様\s*(?:さま|さん|殿)|(?<=[^\s])殿(?=[、\n])")
_GENERIC = re.compile(r"\b(?:Dear|Hi|Hello) (?:Sir|Madam|Customer|Valued|Friend|There)\b", re.IGNORECASE)


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks a missing, doubled or misplaced name."""
    name = message.surname if message.channel in ("sms", "line", "phone") else message.addressee
    if not catalogue.channels[message.channel].names_reader:
        if message.surname and (at := message.whole.find(f"{message.surname}様")) >= 0:
            yield _finding(
                BLOCK,
                message,
                at,
                f"{message.surname}様",
                "この経路ではお名前を出しません",
                "this channel must not name the reader",
            )
        return
    if not name:
        # A draft of ours always has a name; of a message from elsewhere one can only say that the name was not checked.
        severity = BLOCK if message.action else FLAG
        yield Finding("addressee", "C02", severity, None, None, "", "宛名がわかりません", "the reader's name is not known")
        return
    wrongs = [("E01", _GENERIC)] if message.language == "en" else []
    if any(sign in message.body for sign in _DOUBLED_SIGNS):
        wrongs.append(("C02", _DOUBLED))
    for rule, wrong in wrongs:
        for found in wrong.finditer(message.body):
            yield Finding(
                "addressee",
                rule,
                BLOCK,
                *found.span(),
                found[0],
                "宛名の敬称が正しくありません",
                "the salutation is wrong",
            )
    if message.language == "ja":
        times = _named(message.body, name)
        if not _named("\n".join(message.body.split("\n", 6)[: 6 if message.channel == "email" else 2]), name):
            yield Finding(
                "addressee",
                "C02",
                BLOCK,
                None,
                None,
                "",
                f"冒頭に「{name} 様」がありません",
                f"the opening does not say '{name} 様'",
            )
    else:
        # Whole words: Sam is not named by "Sample Street".
        times = len(re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", message.body))
        if times == 0:
            yield Finding(
                "addressee", "E01", BLOCK, None, None, "", "宛名がありません", f"the message does not address {name}"
            )
    if times > 2:
        yield Finding(
            "addressee", "C02", FLAG, None, None, name, f"お名前が{times}回出ています", f"the name stands {times} times"
        )


def _named(text: str, name: str) -> int:
    """How often the name stands with an honorific, a space between them or not."""
    times, at = 0, text.find(name)
    while at >= 0:
        after = at + len(name)
        times += text[after : after + 3].lstrip(" 　").startswith(_HONORIFICS)
        at = text.find(name, after)
    return times


def _finding(severity: str, message: Message, at: int, text: str, ja: str, en: str) -> Finding:
    offset = at - (len(message.whole) - len(message.body))
    inside = offset >= 0
    return Finding(
        "addressee", "C02", severity, offset if inside else None, offset + len(text) if inside else None, text, ja, en
    )
