"""Where a text sends its reader: placeholders, web pages, addresses, telephone numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from policies.claims.reading import Reading
from policies.claims.shape import shape

_PLACEHOLDER = re.compile(r"\{\{[^{}\n]{0,80}\}\}")
_MARKDOWN = re.compile(r"!?\[([^\[\]\n]{0,200})\]\(([^()\s]{1,500})\)")
_URL = shape(
    r"[a-z](?:[a-z0-9+.-]{1,12}+://|(?<=j)avascript:|(?<=d)ata:|(?<=v)bscript:)[!-~]{1,600}",
    ":// javascript: data: vbscript:",
    14,
    640,
)
_TLDS = "com net org info biz jp co io ai app dev shop store site online link page top xyz club me ly gl gg cc tv to eu uk us de fr ca au cn kr tw ru in example test invalid".split()
_DOMAIN = shape(
    r"(?<![a-z0-9@._-])(?:[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?\.){1,5}"
    rf"(?:{'|'.join(_TLDS)})"
    r"(?![a-z0-9-]|\.[a-z0-9])(?::[0-9]{2,5})?(?:/[!-~]{0,500})?",
    [f".{tld}" for tld in _TLDS],
    60,
    520,
    needs=r"\.[a-z]{2}",
)
_EMAIL = shape(
    r"[a-z0-9._%+-](?<![a-z0-9._%+-]{2})[a-z0-9._%+-]{0,63}+@[a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){1,5}",
    "@",
    64,
    400,
)
_HANDLE = shape(r"(?<![A-Za-z0-9])@[A-Za-z0-9_.-]{2,40}", "@", 0, 48, needs=r"@[A-Za-z0-9_.-]{2}")
_PHONE = re.compile(
    r"(?<![0-9A-Za-z./])(?:\+[0-9]{1,3}[ -]?)?\(?0?[0-9]{1,5}\)?(?:[ ().-]{1,2}[0-9]{2,5}){1,4}(?![0-9])|(?<![0-9])\+?[0-9]{9,13}(?![0-9])"
)
_TRAILING = ".,;:!?'\"*>|"


@lru_cache(maxsize=8192)
def canonical(url: str) -> str:
    """Scheme and host in lower case, an empty path as ``/``; everything else counts letter by letter."""
    scheme, mark, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if "?" in host or "#" in host:
        return f"{scheme.lower()}{mark}{rest}"
    return f"{scheme.lower()}{mark}{host.lower()}/{path}" if mark else url


@lru_cache(maxsize=8192)
def _digits(text: str) -> str:
    """The digits of a telephone number as dialled at home in Japan or Britain."""
    found = "".join(letter for letter in text if letter in "0123456789")
    if text.lstrip().startswith("+") and found[:2] in ("81", "44"):
        return "0" + found[2:].removeprefix("0")
    return found


def check_links(reading: Reading) -> None:
    """Take every place the reader is sent to; block those that are not among the facts, letter by letter."""
    text = reading.text
    if "{{" in text:
        _placeholders(reading)
    if "](" in text:
        _shown(reading)
    _pages(reading)
    _mailboxes(reading)
    for found in reading.found(_DOMAIN):
        said = reading.text[found.start() : found.end()].rstrip(_TRAILING)
        _page(reading, found.start(), found.start() + len(said), said)
    _phones(reading)


def _placeholders(reading: Reading) -> None:
    for found in list(_PLACEHOLDER.finditer(reading.left)):
        reading.take(*found.span())
        if found[0] not in reading.facts.placeholders and found[0].strip("{} ") not in reading.facts.placeholders:
            reading.object(
                "claims.placeholder",
                *found.span(),
                f"{found[0]} は使える差し込み項目ではありません",
                f"{found[0]} is no placeholder of this message",
            )


def _shown(reading: Reading) -> None:
    """A link's words may not look like another address than the one it leads to."""
    for found in _MARKDOWN.finditer(reading.left):
        shown, target = found[1].strip(), found[2]
        if not (_URL.pattern.match(shown.lower()) or _DOMAIN.pattern.match(shown.lower())):
            continue
        if shown.rstrip("/").lower() not in (
            target.rstrip("/").lower(),
            target.partition("://")[2].rstrip("/").lower(),
        ):
            reading.object(
                "claims.link_text",
                *found.span(),
                "表示されるリンクと実際の行き先が違います",
                "the link shown is not where it leads",
            )


def _pages(reading: Reading) -> None:
    for start, end in reading.spans(_URL):
        said = reading.text[start:end].rstrip(_TRAILING)
        while said.endswith((")", "]", "}")) and said.count("(") < said.count(")") + said.count("]") + said.count("}"):
            said = said[:-1].rstrip(_TRAILING)
        _page(reading, start, start + len(said), said)


def _mailboxes(reading: Reading) -> None:
    """E-mail addresses and account names (@shop)."""
    for sought in (_EMAIL, _HANDLE):
        for start, end in reading.spans(sought):
            reading.take(start, end)
            said = reading.low[start:end].rstrip(".-")
            if not any(said in _words(fact.value) for fact in reading.facts.of("contact", "url", "text")):
                _unknown_contact(reading, start, end)


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    """A fact as a whole and word by word."""
    return frozenset((text.lower(), *text.lower().split()))


def _unknown_contact(reading: Reading, start: int, end: int) -> None:
    said = reading.raw_text(start, end)
    reading.object(
        "claims.contact", start, end, f"「{said}」は登録された連絡先ではありません", f"'{said}' is no known contact"
    )


def _page(reading: Reading, start: int, end: int, said: str) -> None:
    """A web page, with its scheme or without; bare, the host of a known page will do."""
    reading.take(start, end)
    known = {canonical(fact.value) for fact in reading.facts.of("url")}
    if "://" in said or not _DOMAIN.pattern.match(said.lower()):
        found = canonical(said) in known
    else:
        bare = {
            url.partition("://")[2].rstrip("/").lower()
            if url.partition("://")[2].count("/") == 1
            else url.partition("://")[2]
            for url in known
        }
        found = said.rstrip("/").lower() in bare | {one.partition("/")[0].lower() for one in bare} or said in bare
    if not found and not any(
        said in fact.value.split() or said == fact.value for fact in reading.facts.of("text", "contact")
    ):
        reading.object(
            "claims.url",
            start,
            end,
            f"「{said}」は事実にないリンクです",
            f"'{said}' is a link that is not among the facts",
        )


def _phones(reading: Reading) -> None:
    for found in reading.hinted("dialled", _PHONE):
        digits = _digits(found[0])
        if len(digits) < 9:
            continue
        reading.take(*found.span())
        if digits not in {_digits(fact.value) for fact in reading.facts.of("contact", "text")}:
            _unknown_contact(reading, *found.span())
