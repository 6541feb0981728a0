"""What is written in another writing: %40, &#64;, \\u4f50, base64 and MIME words (RFC 3986, 8259, 4648, 2047)."""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

Escape = tuple[int, int, str]
"""(start, end, what it says) in raw code points."""

_SIGNS = re.compile(r"%[0-9A-Fa-f]{2}|&[#A-Za-z]|\\[ux][0-9A-Fa-f]|=\?|=[0-9A-F]{2}|[A-Za-z0-9+/_-]{16}")
_MIME = re.compile(r"=\?([A-Za-z0-9_-]{2,20})\?([BbQq])\?([!->@-~]{1,500})\?=")


def _text(content: bytes) -> str | None:
    """Printable text of the usual encodings, else None."""
    for encoding in ("utf-8", "cp932", "euc_jp"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            return text
    return None


def _units(text: str) -> str | None:
    return bytes.fromhex(text.replace("\\u", "")).decode("utf-16-be", errors="ignore") or None


def _base64(token: str) -> str | None:
    """What a token says if it is text of some length; an ordinary word decodes to noise."""
    try:
        content = base64.b64decode(token.rstrip("=") + "=" * (-len(token.rstrip("=")) % 4), altchars=b"-_" if set(token) & set("-_") else None, validate=True)  # fmt: skip
        text = content.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return text if text.isprintable() and len(text) >= 4 else None


def _mime(found: re.Match[str]) -> str | None:
    try:
        if found[2] in "Bb":
            content = base64.b64decode(found[3] + "=" * (-len(found[3]) % 4))
        else:
            content = quopri.decodestring(found[3].replace("_", " ").encode())
        return content.decode(found[1])
    except (binascii.Error, ValueError, LookupError):
        return None


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]], ...] = (
    (_MIME, _mime),
    (re.compile(r"(?:\\u[0-9A-Fa-f]{4}){1,200}"), lambda found: _units(found[0])),
    (re.compile(r"(?:\\x[0-9A-Fa-f]{2}){1,200}"), lambda found: _text(bytes.fromhex(found[0].replace("\\x", "")))),
    (re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|commat|period|lowbar|hyphen|num|colon|sol|plus);"), lambda found: html.unescape(found[0])),
    (re.compile(r"(?:%[0-9A-Fa-f]{2}){1,600}"), lambda found: _text(unquote_to_bytes(found[0]))),
    (re.compile(r"(?:=[0-9A-F]{2}){3,200}"), lambda found: _text(quopri.decodestring(found[0].encode()))),
    (re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,4000}={0,2}(?![A-Za-z0-9+/_=-])"), lambda found: _base64(found[0])),
)  # fmt: skip


def escapes(text: str) -> tuple[Escape, ...]:
    """Every escaped piece with what it says, in the order of the text, none inside another; empty when there is none."""
    if not _SIGNS.search(text):
        return ()
    found: list[Escape] = []
    taken = bytearray(len(text))
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            said = None if 1 in taken[start:end] else read(match)
            if said:
                found.append((start, end, said))
                taken[start:end] = b"\1" * (end - start)
    return tuple(sorted(found))
