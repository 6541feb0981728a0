"""Social media handles: @name, a platform's name before it, or the path of a profile page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit, Reading

TYPES = ("SOCIAL_HANDLE",)
_AT = re.compile(r"(?<![A-Za-z0-9._%+@/-])@[A-Za-z_][A-Za-z0-9_.]{1,29}(?<![.])(?![A-Za-z0-9@]|\.[A-Za-z])")
_LABELLED = re.compile(
    r"(?:(?:LINE|ライン|Skype|Discord|Telegram|WeChat|カカオ|Instagram|インスタ(?:グラム)?|Twitter|ツイッター|TikTok|Facebook|X|Threads|Bluesky|Snapchat|GitHub|YouTube|mixi)[ ]?(?:の)?(?:ID|アカウント|ユーザー名|id|handle|username|account)|(?:LINE|Skype|Discord|Telegram|Instagram|Insta|Twitter|TikTok|Snapchat|handle|username))"
    r"(?:(?: (?:is|as|at|handle(?: is)?)|[ ]?[:：は=])[ ]?「?)(@?[A-Za-z0-9_][A-Za-z0-9_.#-]{2,29})(?<![.])", re.IGNORECASE
)  # fmt: skip
_PAGE = re.compile(
    r"(?<![A-Za-z0-9-])(?:twitter|x|instagram|facebook|tiktok|threads|github|linkedin|t|line|lin|youtube|note)\.(?:com|net|me|ee)/(?:in/|@|~)?([A-Za-z0-9_.-]{2,40})(?<![.])", re.IGNORECASE
)  # fmt: skip
_PLATFORMS = tuple("line ライン skype discord telegram wechat カカオ insta インスタ twitter ツイッター tiktok facebook threads bluesky snapchat github youtube mixi handle username xの xid xアカ".split())  # fmt: skip
_WORDS = frozenset("home cosme nifty import media param return override author since property charset username example everyone here all channel beauty press food".split())  # fmt: skip
_PATHS = frozenset("share intent search home explore hashtag login signup about privacy terms help p reel watch status ti r channel groups pages sharer".split())  # fmt: skip
_LETTER = re.compile(r"[A-Za-z]")


def find(reading: Reading) -> Iterator[Hit]:
    """By the sign, by a platform's name, or by the page."""
    text, lower = reading.text, reading.lower
    if not reading.latin:
        return
    if "@" in text:
        for found in _AT.finditer(text):
            if found[0][1:].lower() not in _WORDS:
                yield Hit(*found.span(), "SOCIAL_HANDLE", SHAPED)
    for found in _LABELLED.finditer(text) if any(platform in lower for platform in _PLATFORMS) else ():
        if _LETTER.search(found[1]) and found[1].lower() not in (
            "the",
            "for",
            "not",
            "and",
            "our",
            "your",
            "com",
            "account",
            "official",
        ):
            yield Hit(*found.span(1), "SOCIAL_HANDLE", CHECKED)
    if ".com/" in lower or ".net/" in lower or ".me/" in lower or ".ee/" in lower:
        for found in _PAGE.finditer(text):
            if found[1].lower() not in _PATHS:
                yield Hit(*found.span(1), "SOCIAL_HANDLE", SHAPED)
