"""A business is addressed in full and in order: 会社, 部署, 役職, 氏名 様; 御中 or 様, never both."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese, wording
from policies.guardrails.copy.paragraph import Paragraph, once, some
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J23", "fix", ("ja",)
_SHORT = re.compile("[(（]([株有])[)）]|[㈱㈲]")
_BEGINS_SHORT = re.compile("[(（㈱㈲]")
_IN_FULL = {"株": "株式会社", "有": "有限会社", "㈱": "株式会社", "㈲": "有限会社"}
_COMPANY = re.compile("(?:株式|有限|合同|合資|合名)会社|(?:社団|財団|学校|医療)法人|[(（][株有][)）]|[㈱㈲]")
_DEPARTMENT = re.compile("(?:部|課|室|局|係|本部|支店|支社|営業所|センター|グループ|チーム)(?:\\s?御中)?$")
_HOUSE = re.compile("[ 　]?御中[ 　]?")
_TITLE = "代表取締役社長|代表取締役|取締役|社長|会長|専務|常務|本部長|部長|次長|課長|係長|主任|店長|所長|支店長|室長|マネージャー"
_TITLE_LAST = re.compile(f"^([^\\s　]{{1,8}}(?:[ 　][^\\s　]{{1,8}})?)[ 　]?(?<![一-龯]{{4}})({_TITLE})[ 　]様$")
_SIGN = re.compile("御中|会社|法人|[株有㈱㈲]|[長役任務ー][ 　]?様")
"""What the address of a business has; without it there is no order to keep."""
_HEAD_LINES, _HEAD_LETTERS = 6, 160


def sign(paragraph: Paragraph) -> bool:
    """Whether it has what may be short for a company, or what the address of a business has."""
    return _shortens(paragraph) or _addresses(paragraph)


def check(reading: Reading) -> Iterator[Spot]:
    """(株) written short; 御中 where a person is named; a title after the name; a department above its company."""
    short = some(_shortens, reading.paragraphs)
    for part, text in japanese(reading).texts if short else ():
        for found in _SHORT.finditer(text):
            yield Spot(
                *found.span(),
                "会社名は略さずに書きます",
                "the company's name is written in full",
                _IN_FULL[found[1] or found[0]],
                part,
            )
    if not some(_addresses, [one for one in reading.of_body if one[1] < _HEAD_LETTERS]):
        return
    if not _SIGN.search(reading.body, 0, _HEAD_LETTERS):
        return
    head = _head(reading.body)
    person = next((line for _, line in head if line.rstrip().endswith("様")), None)
    for at, line in head:
        if person is not None and (house := _HOUSE.search(line)):
            yield Spot(
                at + house.start(), at + house.end(), "「御中」と「様」は一緒に使いません", "御中 is for a house, 様 for a person: not both",
                "" if house.end() == len(line) else " ",
            )  # fmt: skip
        if late := _TITLE_LAST.match(line):
            yield Spot(
                at, at + len(line), "役職は氏名の前に書きます", "the title goes before the name", f"{late[2]} {late[1]} 様"
            )  # fmt: skip
    company = next((number for number, (_, line) in enumerate(head) if _COMPANY.search(line)), None)
    if company:
        above = [line for _, line in head[:company]]
        if all(_DEPARTMENT.search(line) for line in above):
            start, end = head[0][0], head[company][0] + len(head[company][1])
            yield Spot(
                start, end, "宛名は会社名、部署、氏名の順に書きます", "the address goes company, department, person",
                "\n".join((head[company][1], *above)),
            )  # fmt: skip


def _head(body: str) -> list[tuple[int, str]]:
    """(offset, line) of the address block: the first lines, up to the one that ends it with 様 or 御中; none, no block."""
    found, at = [], 0
    for line in body.split("\n", _HEAD_LINES)[:_HEAD_LINES]:
        if not line.strip():
            break
        found.append((at, line))
        at += len(line) + 1
        if line.rstrip().endswith(("様", "御中")) and not _names_more(body, at):
            return found
    return []


def _names_more(body: str, at: int) -> bool:
    """Whether the line at ``at`` still belongs to the address."""
    return bool(re.match(r"[^\n。、]{1,30}様\s*(?:\n|$)", body[at : at + 40]))


@once
def _shortens(paragraph: Paragraph) -> bool:
    text = wording(paragraph)
    return _BEGINS_SHORT.search(text) is not None and _SHORT.search(text) is not None


@once
def _addresses(paragraph: Paragraph) -> bool:
    return _SIGN.search(paragraph.text) is not None
