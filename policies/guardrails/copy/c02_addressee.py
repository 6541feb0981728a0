"""The reader is named exactly as they should be, or not at all.

Where a channel names its reader, the name stands in the salutation with one honorific and at most twice in all.  A lock
screen and a package insert name nobody.  A message that came without a recipient, to be judged by its words alone, is asked
only whether its honorifics are right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from policies.guardrails.copy.paragraph import Paragraph, once, some
from policies.guardrails.copy.reading import Reading, Spot, whole_words

RULE = "C02"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True
_SIGN = re.compile("様様|殿|各位|御中|さま|さん|長様|長 様|社様|芳名")
"""What a wrong honorific has; a text without it needs no closer look."""
_HONORIFICS = ("様", "さま", "さん")
_OPENING = {"email": 6, "phone": 1000}
"""Lines in which the name must stand, two where nothing else is said."""
_DOUBLED = re.compile(
    r"様{2,200}|殿様|各位[ 　]{0,2}[様殿]|(?:貴社|御社|芳名|[社部課店所]長)[ 　]?様(?![子式々])"
    r"|御中[ 　]{0,2}様|御中[ 　\n][^\n]{1,20}様|様[ 　]?(?:さま|さん|殿)|さん[ 　]?様|(?<=[^\s宮本御神沈貴])殿(?=[、\n]|$)"
)


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks a missing, doubled or misplaced name; names nobody where nobody may be named."""
    message, body = reading.message, reading.body
    if some(_honoured, reading.of_body):
        for found in _DOUBLED.finditer(body):
            yield Spot(
                *found.span(), f"「{found[0]}」は敬称が正しくありません", f"the honorific in '{found[0]}' is wrong"
            )
    if not reading.channel.names_reader:
        yield from _nobody(reading)
        return
    name = message.surname if message.channel in ("sms", "line", "phone") else message.addressee
    if not name:
        if message.scope == "all":
            # A draft of ours always has a name; of a message from elsewhere one can only say that the name was not checked.
            level: Literal["block", "warn"] = "block" if message.action else "warn"
            yield Spot(None, None, "宛名がわかりません", "the reader's name is not known", level=level)
        return
    if message.language != "ja":
        return
    named = _named(body, name)
    if not named or body.count("\n", 0, named[0]) >= _OPENING.get(message.channel, 2):
        yield Spot(None, None, f"冒頭に「{name} 様」がありません", f"the opening does not say '{name} 様'")
    if len(named) > 2:
        yield Spot(None, None, f"お名前が{len(named)}回出ています", f"the name stands {len(named)} times")


@once
def _honoured(paragraph: Paragraph) -> bool:
    return _SIGN.search(paragraph.text) is not None


def _named(text: str, name: str) -> list[int]:
    """Where the name ends that stands with an honorific, a space between them or not."""
    found, at = [], text.find(name)
    while at >= 0:
        after = at + len(name)
        if text[after : after + 4].lstrip(" 　").startswith(_HONORIFICS):
            found.append(after)
        at = text.find(name, after)
    return found


def _nobody(reading: Reading) -> Iterator[Spot]:
    """The reader's name where the channel must not show one: in Japanese with an honorific, in English as a whole word."""
    for name in sorted({name for name in (reading.message.surname, reading.message.addressee) if name}):
        for part, text in reading.message.parts:
            for at in _placed(text, name, reading.language):
                yield Spot(
                    at,
                    at + len(name),
                    "この経路ではお名前を出しません",
                    "this channel must not name the reader",
                    part=part,
                )


def _placed(text: str, name: str, language: str) -> list[int]:
    if name not in text:
        return []
    if language == "en":
        return whole_words(text, name)
    return [found.start() for found in re.finditer(rf"{re.escape(name)}[ 　]?(?:様|さま|さん)", text)]
