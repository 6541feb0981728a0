"""What leaves, and whether it names anybody: a recorder in place of the network, and a search under every encoding.

    with Recorder() as recorder: …            # no connection leaves this process; attempts, payloads and log lines are kept
    hunt([*recorder.outgoing, Outgoing("stdout", out)], people)

The search decodes breadth first to depth four (gzip, deflate, character sets, JSON escapes, percent, HTML entities,
quoted-printable, MIME words, base64, hex, IDNA), drops what separates letters, and looks for every form of every person.
It does bounded work: what it could not finish it says, because what was not searched is not clean.
"""

from __future__ import annotations

import base64
import binascii
import html
import logging
import quopri
import re
import socket
import urllib.parse
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.header import decode_header
from pathlib import Path
from types import TracebackType
from typing import Any

from evals.identity import Person, forms, squeeze

DEPTH = 4
LARGEST = 2 << 20
"""Bytes that one decoding may come to; a bomb is cut here."""
TOTAL = 24 << 20
"""Bytes that all decodings of one content may come to together."""
NODES = 400
"""Decodings of one content."""
_CHARSETS = ("cp932", "euc_jp", "iso2022_jp")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}(?:\r?\n[A-Za-z0-9+/_-]{8,}){0,4096}={0,2}")
_HEX = re.compile(r"(?:(?:\\x|0x|%|)[0-9A-Fa-f]{2}[ :]?){4,}")
_ESCAPE = re.compile(r"\\+(?:u\{?([0-9A-Fa-f]{4,6})\}?|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_QUOTED = re.compile(r"=[0-9A-Fa-f]{2}")
_MIME = re.compile(r"=\?[A-Za-z0-9_-]{1,40}\?[BbQq]\?[^?\s]{1,500}\?=(?:\s+(?==\?))?")
_IDNA = re.compile(r"xn--[A-Za-z0-9-]{1,60}", re.IGNORECASE)
_GZIP = b"\x1f\x8b\x08"


class LiveConnection(AssertionError):
    """Something tried to reach the network while nothing may."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One thing that leaves: where it goes and its bytes."""

    where: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody's identifier found: where, whose, which kind of form, and under which encodings (outermost first)."""

    where: str
    owner: str
    kind: str
    under: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a hunt found; ``unfinished`` are the places whose decodings were cut at a bound, and so are not known to be clean."""

    hits: tuple[Hit, ...]
    unfinished: tuple[str, ...]


# --- recording --------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Recorder(logging.Handler):
    """Stands in for the network and listens to the log while it is entered.

    Every attempt to connect, send or resolve over IP is kept in ``outgoing`` and ends in :class:`LiveConnection`; sockets
    between processes of this machine work as ever.
    """

    outgoing: list[Outgoing] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.NOTSET)
        self._before: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Recorder:
        for name in ("connect", "connect_ex", "send", "sendall", "sendto", "sendmsg"):
            self._replace(socket.socket, name, self._refusing(name, getattr(socket.socket, name)))
        self._replace(socket, "getaddrinfo", self._resolving)
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.NOTSET)
        root.addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for owner, name, before in reversed(self._before):
            setattr(owner, name, before)
        self._before.clear()
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log line as it would be written, its exception with it."""
        self.outgoing.append(
            Outgoing(f"log:{record.name}", logging.Formatter().format(record).encode("utf-8", "replace"))
        )

    def _replace(self, owner: Any, name: str, new: Any) -> None:
        self._before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, new)

    def _refusing(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def method(this: socket.socket, *given: Any) -> Any:
            if this.family not in (socket.AF_INET, socket.AF_INET6):
                return real(this, *given)
            raise self._refused(name, given)

        return method

    def _resolving(self, host: Any, *given: Any, **named: Any) -> Any:
        raise self._refused("getaddrinfo", (host, *given[:1]))

    def _refused(self, name: str, given: tuple[Any, ...]) -> LiveConnection:
        for one in given:
            content = bytes(one) if isinstance(one, bytes | bytearray | memoryview) else str(one).encode()
            self.outgoing.append(Outgoing(f"socket:{name}", content))
        self.attempts.append(name)
        return LiveConnection(f"a live connection was tried ({name})")


def files(folder: Path) -> Iterator[Outgoing]:
    """Every file under ``folder``, with its name, for names leave too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(folder))
            yield Outgoing(f"file:{name}", name.encode() + b"\n" + path.read_bytes())


# --- searching --------------------------------------------------------------------------------------------------------


def hunt(outgoing: Iterable[Outgoing], people: Iterable[Person]) -> Search:
    """Look for every form of every person in everything, under every encoding."""
    wanted = [(form, kind, person.id) for person in people for kind, form in forms(person)]
    hits: dict[Hit, None] = {}
    unfinished: list[str] = []
    for one in outgoing:
        found: set[tuple[str, str]] = set()
        for under, text in decoded(one.content):
            if text is None:
                unfinished.append(one.where)
                continue
            squeezed = squeeze(text)
            for form, kind, owner in wanted:
                if (owner, kind) not in found and form in squeezed:
                    found.add((owner, kind))
                    hits[Hit(one.where, owner, kind, under)] = None
    return Search(tuple(hits), tuple(unfinished))


def decoded(content: bytes) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """(encodings, text) of every reading of ``content``, breadth first; a None for text says that a bound cut the search."""
    queue: deque[tuple[tuple[str, ...], bytes | str]] = deque([((), content)])
    seen: set[int] = set()
    total = nodes = 0
    while queue:
        under, node = queue.popleft()
        if hash(node) in seen or not node:
            continue
        seen.add(hash(node))
        total, nodes = total + len(node), nodes + 1
        if total > TOTAL or nodes > NODES:
            yield under, None
            return
        if isinstance(node, bytes):
            readings = list(_readings(node))
            yield from (((*under, charset), text) for charset, text in readings)
            if len(under) == DEPTH:
                continue
            for name, inner, whole in _unpacked(node):
                if not whole:
                    yield (*under, name), None
                queue.append(((*under, name), inner))
        else:
            readings = [("", node)]
            yield under, node
        if len(under) < DEPTH:
            for _, text in readings:
                queue.extend(((*under, name), inner) for name, inner in _unwrapped(text) if inner != text)


def _readings(content: bytes) -> Iterator[tuple[str, str]]:
    """The bytes as text in each character set that they may be in."""
    text = content.decode("utf-8", "replace")
    yield "utf-8", text
    if content.isascii() and b"\x1b" not in content and b"\0" not in content:
        return
    if "\ufffd" not in text and b"\0" not in content and b"\x1b" not in content:
        return
    for charset in _CHARSETS:
        if charset != "iso2022_jp" or b"\x1b" in content:
            yield charset, content.decode(charset, "replace")
    if len(content) > 3:
        for charset in ("utf-16-le", "utf-16-be"):
            # Text that begins at an odd byte is read from the next one too.
            for start in (0, 1):
                yield charset, content[start:].decode(charset, "replace")


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """(name, bytes, whether that is all of them) of what is compressed in ``content``."""
    at = content.find(_GZIP)
    for _ in range(16):
        if at < 0:
            break
        yield from _inflated("gzip", content[at:], 31)
        at = content.find(_GZIP, at + 1)
    if content[:1] == b"\x78":
        yield from _inflated("deflate", content, 15)
    elif not content.isascii():
        yield from _inflated("deflate", content, -15)


def _inflated(name: str, content: bytes, bits: int) -> Iterator[tuple[str, bytes, bool]]:
    unpacking = zlib.decompressobj(bits)
    with suppress(zlib.error):
        inner = unpacking.decompress(content, LARGEST)
        if inner and (unpacking.eof or len(inner) >= LARGEST or bits > 0):
            yield name, inner, unpacking.eof or not unpacking.unconsumed_tail


def _unwrapped(text: str) -> Iterator[tuple[str, bytes | str]]:
    """(name, what is inside) for every way of wrapping that ``text`` shows; pieces of one kind are read together."""
    if "\\" in text:
        yield "escapes", _PAIR.sub(_joined, _ESCAPE.sub(_unescaped, text))
    if "&" in text and ";" in text:
        yield "html", html.unescape(text)
    if "%" in text and _PERCENT.search(text):
        yield "percent", urllib.parse.unquote_to_bytes(text.replace("+", " "))
    if "=" in text:
        if _MIME.search(text):
            yield "mime", _MIME.sub(_word, text)
        if _QUOTED.search(text):
            yield "quoted-printable", quopri.decodestring(text.encode("utf-8", "surrogatepass"))
    if pieces := [piece for found in _BASE64.finditer(text) if (piece := _from_base64(found[0]))]:
        yield "base64", _together(pieces)
    if pieces := [piece for found in _HEX.finditer(text) if (piece := _from_hex(found[0]))]:
        yield "hex", _together(pieces)
    if _IDNA.search(text):
        yield "idna", _IDNA.sub(_label, text)


def _together(pieces: list[bytes]) -> bytes:
    """One content; each piece begins at an even byte, so that none shifts another's UTF-16."""
    return b"\n\n".join(piece + b"\n" * (len(piece) % 2) for piece in pieces)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code:
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else ""
    return {"n": "\n", "t": "\t", "r": "\r", "x": "\\x"}.get(found[3], found[3])


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _word(found: re.Match[str]) -> str:
    with suppress(LookupError, ValueError, binascii.Error):
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "ascii", "replace")
            for part, charset in decode_header(found[0].strip())
        )
    return found[0]


def _from_base64(written: str) -> bytes | None:
    bare = "".join(written.split()).rstrip("=").replace("-", "+").replace("_", "/")
    with suppress(binascii.Error, ValueError):
        return base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))
    return None


def _from_hex(written: str) -> bytes | None:
    digits = re.sub(r"\\x|0x|[^0-9A-Fa-f]", "", written)
    return bytes.fromhex(digits[: len(digits) // 2 * 2]) or None


def _label(found: re.Match[str]) -> str:
    with suppress(UnicodeError):
        return found[0][4:].encode("ascii").decode("punycode")
    return found[0]
