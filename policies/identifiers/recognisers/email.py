"""E-mail addresses (RFC 5321), and those written so that a machine should not see them: x at y dot z, x★y.z, あっと."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, LOOSE, Hit, Reading

TYPES = ("EMAIL",)
_NAME = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_STRICT = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.|[ぁ-ヿ一-鿿]{1,20}\.){1,4}(?:[A-Za-z]{2,24}|[ぁ-ヿ一-鿿]{1,10})(?![A-Za-z0-9])"
)
_AT = r"(?: ?@ ?| ?[(\[<{【「] ?(?:@|at|アット(?:マーク)?|あっと(?:まーく)?|a) ?[)\]>}】」] ?| (?:at|AT|At) |_at_|-at-| ?(?:アット(?:マーク)?|あっと(?:まーく)?) ?| ?[★☆●◎■□◆＊*＠] ?)"
_DOT = (
    r"(?: ?[(\[<{【] ?(?:\.|dot|ドット|どっと|点) ?[)\]>}】] ?| (?:dot|DOT|Dot) | ?(?:ドット|どっと) ?|_dot_|\.| \. ?)"
)
_LOOSE = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9](?:[A-Za-z0-9_%+-]|{_DOT}(?=[A-Za-z0-9])){{0,60}}{_AT}(?:[A-Za-z0-9-]{{1,63}}{_DOT}){{1,4}}(?:[A-Za-z]{{2,10}})(?![A-Za-z0-9])"
)
_DISGUISE = re.compile(r"@|[★☆●◎■□◆*]|アット|あっと|[\[(<{_ -](?:at|a)[\])>}_ -]", re.IGNORECASE)
_FILES = frozenset("png jpg jpeg gif svg webp css js html htm md py ts bmp ico mp4 pdf".split())
_WORDS = re.compile(
    r"^(?:me|us|him|her|them|it|you|look|looking|meet|arrive|arrived|stay|shop|visit|is|was|be|are|available|online|only|store|all|now|here) at ",
    re.IGNORECASE,
)
_TLD = frozenset("com net org jp uk us de fr it es nl eu io co ne ac go or info biz edu gov au ca in cn kr tw ch se no me dev app example test invalid shop".split())  # fmt: skip


def find(reading: Reading) -> Iterator[Hit]:
    """The strict form first; the disguised one in what remains, so that it swallows no strict one."""
    text = reading.text
    if not (reading.latin and _DISGUISE.search(text)):
        return
    rest = text
    if "@" in text:
        for found in _STRICT.finditer(text):
            if found[0].rpartition(".")[2].lower() not in _FILES:
                yield Hit(*found.span(), "EMAIL", CHECKED)
            rest = rest[: found.start()] + "\0" * len(found[0]) + rest[found.end() :]
    for found in _LOOSE.finditer(rest):
        said = found[0]
        spelt = re.search(r"(?i)dot|ドット|どっと|点|[\[(<{【「_ -]at[\])>}】」_-]|アット|あっと|[@★☆●◎■□◆*]", said)
        if (
            spelt
            and said.lower()
            .rpartition(".")[2]
            .split()[-1]
            .strip("()[]{}<>【】")
            .split("ドット")[-1]
            .split("どっと")[-1]
            in _TLD
            and not _WORDS.match(said)
        ):
            yield Hit(*found.span(), "EMAIL", LOOSE)


def places(text: str) -> list[tuple[int, int]]:
    """Where addresses stand, strict or disguised."""
    if "@" not in text and not _DISGUISE.search(text):
        return []
    return [(hit.start, hit.end) for hit in find(Reading(text, "ja"))]


def plain(said: str) -> str:
    """An address, however it is disguised, as a machine writes it: ``taro (at) example dot com`` → ``taro@example.com``."""
    spelt = re.sub(rf"{_DOT}", ".", re.sub(_AT, "@", said.strip(), count=1) if "@" not in said else said)
    return re.sub(r"[\s()\[\]{}<>]", "", spelt).lower()
