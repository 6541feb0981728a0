"""An English message greets its reader by their name, once or twice, and as somebody in particular."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, once, some
from policies.guardrails.copy.reading import Reading, Spot, outside_words, whole_words

RULE = "E01"
LEVEL = "block"
LANGUAGES = ("en",)
_NOBODY = (
    r"(?:valued |loyal |our )?(?:sir|madam|customers?|valued|friend|there|client|member|user|subscriber|shopper|all)"
)
_GENERIC = re.compile(
    "|".join(
        rf"{word},? {_NOBODY}" for word in ("dear", "hi", "hello", "good morning", "good afternoon", "good evening")
    )
    + r"|to whom it may concern|mr[./]{1,2} ?(?:mrs?|ms|madam)|sir[/]madam|valued (?:customer|client|member)s?|mr\.? (?:mrs|ms|mr)"
    + r"|-(?<=[a-z]-)san|-(?<=[a-z]-)sama|-(?<=[a-z]-)sensei"
)


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks a greeting to nobody, a wrong honorific, and a name that is missing or said too often."""
    message, body = reading.message, reading.body
    generic = some(_addresses_nobody, reading.of_body)
    for found in outside_words(_GENERIC, reading.folded("body")) if generic else ():
        start, end = found.span()
        yield Spot(
            start, end, f"「{body[start:end]}」は宛名として正しくありません", f"'{body[start:end]}' addresses nobody"
        )
    if not reading.channel.names_reader:
        return
    name = message.surname if message.channel in ("sms", "line", "phone") else message.addressee
    if not name:
        return
    times = len(whole_words(body, name))
    if times == 0:
        yield Spot(None, None, "宛名がありません", f"the message does not address {name}")
    elif times > 2:
        yield Spot(None, None, f"お名前が{times}回出ています", f"the name stands {times} times")


@once
def _addresses_nobody(paragraph: Paragraph) -> bool:
    return paragraph.folded is None or _GENERIC.search(paragraph.folded) is not None
