"""Links lead where the sender vouches for: a known host, no shortener, the reader's language, and few of them.

The hosts are those of the facts, the bundle and the sender.  The way to unsubscribe is no action and is not counted.  The
public shorteners are filtered by carriers and hide where they lead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from policies.guardrails.copy.paragraph import Paragraph, once, some
from policies.guardrails.copy.reading import Reading, Spot

RULE = "C04"
LEVEL = "block"
LANGUAGES = ("ja", "en")
_LINK = re.compile(r"https?://[!-~]{1,2000}")
_SHORTENERS = (
    "bit.ly t.co goo.gl tinyurl.com ow.ly is.gd buff.ly lnkd.in amzn.to rebrand.ly cutt.ly x.gd ux.nu urx.blue urx3.nu "
    "onl.la tiny.cc shorturl.at t.ly v.gd rb.gy bl.ink s.id qr.net"
).split()
_SHORTENED = re.compile("|".join(rf"{re.escape(host)}/[!-~]{{1,80}}" for host in _SHORTENERS))
_HOST = re.compile(r"[A-Za-z0-9.@-]")
_EXIT = ("停止", "解除", "退会", "不要", "unsubscribe", "opt out", "opt-out", "stop", "no more", "preferences")
_FOREIGN = {
    "ja": re.compile(r"(?:/(?:en|en-[a-z]{2}|zh|ko)(?=/|$|\?)|[?&](?:lang|hl|locale)=(?!ja))", re.IGNORECASE),
    "en": re.compile(r"(?:/(?:ja|ja-jp|zh|ko)(?=/|$|\?)|[?&](?:lang|hl|locale)=(?!en))", re.IGNORECASE),
}


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a link, or what may be one without its beginning."""
    return "://" in paragraph.text or _shortens(paragraph)


@once
def _shortens(paragraph: Paragraph) -> bool:
    text = paragraph.text.lower() if paragraph.text.isascii() else paragraph.text
    return "/" in text and _SHORTENED.search(text) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks a host nobody vouches for, a shortener, a page in another language, and more links than a reader can choose from."""
    body, message = reading.body, reading.message
    for part, text in message.parts if some(_shortens, reading.paragraphs) else ():
        for found in _SHORTENED.finditer(text.lower() if text.isascii() else text):
            if not _HOST.match(text[found.start() - 1 : found.start()]):
                yield Spot(
                    *found.span(), "短縮URLは使えません", "a public link shortener hides where it leads", part=part
                )
    if "://" not in body:
        return
    links = [(at + start, url) for _, at, one in reading.of_body for start, url in _links(one)]
    sender = reading.about("sender")
    hosts = _hosts_of(message.grounded)
    strange = {host for _, url in links if not _vouched(host := host_of(url), hosts)}
    if strange or not hosts:
        hosts |= _hosts_of(_listed(message.bundle.get("urls") or (), sender))
        strange = {host for host in strange if not _vouched(host, hosts)} if hosts else set()
    actions: list[tuple[int, int, str]] = []
    for start, url in links:
        end, host = start + len(url), host_of(url)
        if host in strange:
            yield Spot(
                start,
                end,
                f"リンク先「{host}」は登録されていません",
                f"no fact and no sender vouches for the host {host}",
            )
        if _is_foreign(url, reading.language):
            yield Spot(start, end, "リンク先が別の言語のページです", "the link leads to a page in another language")
        if not _leaves(body[max(0, start - 40) : start]) and url != sender.get("optout_url"):
            actions.append((start, end, url))
    if not hosts and message.scope != "copy":
        yield Spot(
            None,
            None,
            "リンク先として認められたホストがわかりません",
            "which hosts a link may lead to is not known",
            level="warn",
        )
    most = 2 if message.channel == "email" else 1
    if len({url for _, _, url in actions}) > most:
        start, end, _ = actions[most]
        yield Spot(
            start, end, f"リンクが{len(actions)}つあります（{most}つまで）", f"{len(actions)} links, at most {most}"
        )


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """The host of an absolute URL, in lower case, without user and port."""
    rest = url.split("://", 1)[-1]
    return re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].lower().rstrip(".")


@lru_cache(maxsize=4096)
def _is_foreign(url: str, language: str) -> bool:
    return _FOREIGN[language].search(url) is not None


@lru_cache(maxsize=4096)
def _leaves(before: str) -> bool:
    """Whether words before a link say that it is the way out."""
    said = before.lower()
    return any(word in said for word in _EXIT)


def _vouched(host: str, hosts: frozenset[str]) -> bool:
    """Whether it is one of the hosts or below one; a shortener is told of by itself."""
    return host in hosts or host in _SHORTENERS or host.endswith(tuple([f".{known}" for known in hosts]))


def _listed(urls: Iterable[Any], sender: Mapping[str, Any]) -> Iterator[str]:
    """What the bundle lists, and what is the sender's own."""
    for value in (*urls, *sender.values()):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict) and isinstance(url := value.get("url"), str):
            yield url


def _hosts_of(texts: Iterable[str]) -> frozenset[str]:
    """The hosts of the URLs in them."""
    return frozenset([host for text in texts if "://" in text for host in _hosts_in(text)])


@once
def _links(paragraph: Paragraph) -> tuple[tuple[int, str], ...]:
    """(offset, URL without the marks behind it) of each link."""
    return tuple([(found.start(), found[0].rstrip(".,;:!?)]}>\"'")) for found in _LINK.finditer(paragraph.text)])


@lru_cache(maxsize=4096)
def _hosts_in(text: str) -> tuple[str, ...]:
    return tuple(host_of(url) for url in _LINK.findall(text))
