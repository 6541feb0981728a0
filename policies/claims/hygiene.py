"""Letters that hide something: invisible ones, look-alikes of another script, digits of another script."""

from __future__ import annotations

import re

from policies.claims.reading import Reading

_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"
)
"""Invisible letters (categories Cc and Cf, fillers); a joiner between pictures is none."""
_MIXED = re.compile(
    r"[A-Za-z][\u0370-\u03ff\u0400-\u052f]|[\u0391-\u03a9\u03bf\u03c1\u03bd\u0400-\u052f][A-Za-z0-9]|[0-9][\u0400-\u052f]|[A-Za-z][\u0131\u0261\u1d00-\u1d22]"
)
"""A Latin letter or digit beside a Greek or Cyrillic one (µ before a unit excepted by its place)."""
_LISTED = re.compile(r"(?m)^[ \t]*[(\[]?(?:1?[0-9]|20)[.)\]:、](?=[ \t]|[^0-9\s%.,:])[ \t]*|STEP ?[0-9](?![0-9])")


def check_letters(reading: Reading) -> None:
    """Block hidden and mixed letters; the numbers of a list count its points and are taken out."""
    if "suspect" in reading.hints:
        raw = reading.raw
        for pattern, ja, en in (
            (_HIDDEN, "目に見えない文字が含まれています", "there is an invisible letter"),
            (_MIXED, "別の文字体系の似た文字が混ざっています", "letters of another script stand in for similar ones"),
        ):
            for found in pattern.finditer(raw):
                reading.hide(*found.span(), ja, en)
    for found in reading.hinted("listed", _LISTED):
        reading.take(*found.span())
