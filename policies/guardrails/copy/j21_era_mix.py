"""Years by one calendar: 令和8年 and 2026年 do not stand together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policies.guardrails.copy.japanese import japanese
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J21", "fix", ("ja",)
FIRST_YEAR: Mapping[str, int] = {"令和": 2019, "平成": 1989}
_ERA = re.compile("(令和|平成)\\s?(元|[0-9０-９]{1,2})年")
_WESTERN = re.compile("(?:19|20|１９|２０)[0-9０-９]{2}年")
_BOTH = re.compile(
    f"(?P<western>{_WESTERN.pattern})[(（]{_ERA.pattern}[)）]|{_ERA.pattern}[(（](?P<after>{_WESTERN.pattern})[)）]"
)


def sign(paragraph: Paragraph) -> bool:
    """Whether it names an era."""
    return any(era in paragraph.text for era in FIRST_YEAR)


def check(reading: Reading) -> Iterator[Spot]:
    """An era year in a message that has a Western one too becomes Western, the house's own way; a pair in brackets becomes one."""
    texts = japanese(reading).texts
    if not any("令和" in text or "平成" in text for _, text in texts) or not any(
        _WESTERN.search(text) for _, text in texts
    ):
        return
    ja, en = "和暦と西暦が混じっています", "era and Western years in one message"
    for part, text in texts:
        pairs = list(_BOTH.finditer(text))
        for pair in pairs:
            yield Spot(*pair.span(), ja, en, pair["western"] or pair["after"], part)
        for found in _ERA.finditer(text):
            if not any(pair.start() <= found.start() < pair.end() for pair in pairs):
                year = FIRST_YEAR[found[1]] - 1 + (1 if found[2] == "元" else int(found[2]))
                yield Spot(*found.span(), ja, en, f"{year}年", part)
