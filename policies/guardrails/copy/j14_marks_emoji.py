"""One exclamation mark and no emoji: a message that shouts is not read as service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policies.guardrails.copy.japanese import japanese
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Part, Reading, Spot

RULE, LEVEL, LANGUAGES = "J14", "fix", ("ja",)
EACH = True
MARKS: Mapping[str, int] = {"line": 2}
EMOJI: Mapping[str, int] = {"line": 2, "push": 1}
"""How many a channel may have: marks one, emoji none, where nothing else is said."""
_MARK = re.compile("[!！‼]")
_PICTURE = "[\U0001f300-\U0001faff\u2600-\u2604\u2607-\u260d\u260f-\u263f\u2641\u2643-\u2669\u266b-\u266c\u266e\u2670-\u27bf\u2b50\u2b55]"
_EMOJI = re.compile(
    f"(?:{_PICTURE}|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*☎♪★☆](?=\ufe0f))[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]{{0,3}}"
    f"(?:\u200d{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]{{0,2}}){{0,4}}"
)
"""Pictures with what belongs to them (skin, joiner, flag, keycap); ★☆♪ and ☎ are letters of JIS X 0208 unless made a picture."""
_ANY = re.compile("[!！‼\u2600-\u27bf\u2b50\u2b55\ufe0f\U0001f1e6-\U0001faff]")
"""What a message has that needs a closer look."""
_ENDS = "。！？!?、\n"


def sign(paragraph: Paragraph) -> bool:
    """Whether it has what may be one."""
    return _ANY.search(paragraph.text) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """Those beyond what the channel may have, from the first letter of the subject on, quoted titles left out; the fix is a
    full stop or nothing.
    """
    channel = reading.message.channel
    marks, emoji = MARKS.get(channel, 1), EMOJI.get(channel, 0)
    for pattern, allowed, ja, en in (
        (
            _MARK,
            marks,
            f"感嘆符が多すぎます（{channel}では{marks}つまで）",
            f"too many exclamation marks: at most {marks} here",
        ),
        (_EMOJI, emoji, f"絵文字が多すぎます（{channel}では{emoji}つまで）", f"too many emoji: at most {emoji} here"),
    ):
        found = [(part, text, one) for part, text in japanese(reading).texts for one in pattern.finditer(text)]
        for part, text, one in found[allowed:]:
            yield Spot(*one.span(), ja, en, _instead(part, text, one), part)


def _instead(part: Part, text: str, found: re.Match[str]) -> str:
    """A full stop where a sentence of the body would lose its end, else nothing."""
    after = text[found.end() : found.end() + 3].lstrip(" 　")[:1]
    ends = after in ("", "\n") or (found[0] in "!！‼" and after not in _ENDS and after not in "」』）)")
    if part != "body" or not ends:
        return ""
    before = text[max(0, found.start() - 3) : found.start()].rstrip(" 　")[-1:]
    return "。" if before not in ("", *_ENDS) and not _EMOJI.match(before) else ""
