"""An English SMS keeps to GSM-7: one curly quote moves all of it to UCS-2 and more than doubles the segments.

3GPP TS 23.038: 160 or 153 letters in a segment against 70 or 67.  A quoted name keeps its own letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from policies.channels import gsm7_strays, sms_segments
from policies.guardrails.copy.reading import Reading, Spot, blanked

RULE = "E10"
LEVEL = "fix"
LANGUAGES = ("en",)
EACH = True
_PLAIN = dict(
    zip(
        "‘’‚‛“”„‟′″–—‐‑‒―−…•·\u00a0\u2009\u202f×´`",
        [*"''''\"\"\"\"'\"", *"-------", "...", *"--", *"   ", *"x''"],
        strict=True,
    )
)
_AIM = 2


def check(reading: Reading) -> Iterator[Spot]:
    """Offers the GSM-7 letter where there is one; warns of what has none once the message takes more than two segments."""
    body = reading.body
    if reading.message.channel != "sms" or not (strays := gsm7_strays(body)):
        return
    own, several = blanked(body, reading.names), sms_segments(body) > _AIM
    for at, letter in enumerate(body):
        if letter not in strays:
            continue
        plain = (_PLAIN.get(letter) or _bare(letter)) if own[at] == letter else None
        if plain is not None:
            yield Spot(
                at,
                at + 1,
                f"「{letter}」でSMS全体がUCS-2になります",
                f"'{letter}' moves the whole SMS to UCS-2",
                fix=plain,
            )
        elif several:
            yield Spot(
                at,
                at + 1,
                f"「{letter}」でSMSの通数が増えます",
                f"'{letter}' makes the SMS take more segments",
                level="warn",
            )


def _bare(letter: str) -> str | None:
    """The letter without its accent, where GSM-7 has that one."""
    bare = unicodedata.normalize("NFKD", letter)[0]
    return bare if bare != letter and not gsm7_strays(bare) else None
