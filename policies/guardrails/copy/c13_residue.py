"""Nothing of how the text was made is left in it: instructions, a model's preamble, markup, invisible or turning characters.

Hidden characters carry text past a reader's eye (Unicode TR 36 and 39).  A joiner between two emoji and a variation selector
behind a letter belong to what is seen and may stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot, outside_words

RULE = "C13"
LEVEL = "block"
LANGUAGES = ("ja", "en")
_RESIDUE = re.compile(
    r"ignore (?:all |any |the )?(?:previous|above|prior|earlier) (?:instruction|message|prompt|rule|text)s?|disregard (?:all |the )?(?:previous|above|prior)|system prompt"
    r"|you are (?:an? )?(?:ai|assistant|language model|helpful)|as an? (?:ai|language model)|i(?:['’]m| am) (?:an ai|unable to|sorry, but i can)|developer mode|jailbreak"
    r"|here(?:['’]s| is) (?:the|a|your|my) (?:draft|revised|rewritten|email draft|message draft)|sure[,!] here|certainly[,!] here|let me know if you(?:['’]d)? (?:want|like) (?:me to|any) (?:change|adjust|revis|edit)[a-z]*"
    r"|これまでの指示|以前の指示|上記の指示|前の指示|指示(?:を|は|には)(?:無視|従わ|すべて無視)|システムプロンプト|プロンプト(?:を|に|は|:)|aiアシスタント(?:として|です)|aiとして"
    r"|言語モデル(?:として|です)|承知(?:いた)?しました。?以下|かしこまりました。?以下|了解(?:いた)?しました。?以下|以下(?:に|が|は)(?:メール|文面|下書き|本文|ご?依頼)|ご要望に応じて(?:修正|調整)"
    r"|```|\*\*[^*\n]{1,80}\*\*|</?(?:a|b|i|p|br|div|span|img|script|style|table|td|tr|html|body|head|h[1-6]|ul|ol|li|strong|em|font|iframe|svg|form|input|meta|link|system|user|assistant|instructions?)(?:\s[^<>]{0,200})?/?>"
    r"|&(?:nbsp|amp|lt|gt|quot|#[0-9]{1,6}|#x[0-9a-f]{1,6});|\\u[0-9a-f]{4}|\\n"
)
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffd\U000e0000-\U000e007f]{1,200}"
)
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has any of them; a tag may run on into the next paragraph."""
    raw, text = paragraph.text, paragraph.folded
    return (
        text is None
        or "<" in text
        or _RESIDUE.search(text) is not None
        or ("# " in text and _HEADING.search(text) is not None)
        or _HIDDEN.search(raw) is not None
    )


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks every trace and every hidden character."""
    for part, text in reading.everything:
        for found in outside_words(_RESIDUE, text):
            said = reading.text(part)[found.start() : found.end()]
            yield Spot(
                *found.span(),
                f"「{said}」は文面に残してはいけない文字列です",
                f"'{said}' does not belong in a message",
                part=part,
            )
        for found in _HEADING.finditer(text) if "# " in text else ():
            yield Spot(*found.span(), "書式の記号が残っています", "a mark of formatting is left over", part=part)
        if text.isascii() and text.isprintable():
            continue
        original = reading.text(part)
        for found in _HIDDEN.finditer(original):
            at = found.start()
            joined = found[0] == "\u200d" and 0 < at < len(original) - 1
            if joined and _EMOJI.match(original[at - 1]) and _EMOJI.match(original[at + 1]):
                continue
            yield Spot(
                *found.span(),
                f"見えない文字（U+{ord(found[0][0]):04X}）が入っています",
                f"an invisible character (U+{ord(found[0][0]):04X}) is in it",
                part=part,
            )
