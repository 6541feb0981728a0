"""Western names by what stands around them: a title, a greeting, a label, or a given name at their head."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.names import FIRM_GIVEN_NAMES, GIVEN_NAMES, ROMAJI_SURNAMES
from policies.identifiers.recognisers.reading import LOOSE, SHAPED, Hit, Reading

TYPES = ("PERSON",)
_CAP = r"(?:[A-ZÀ-Þ][a-zà-ÿ'’]{1,20}(?:[-'’][A-ZÀ-Þ][a-zà-ÿ]{1,20})?|(?:Mc|Mac|O['’]|D['’])[A-Z][a-z]{1,20})"
_FULL = rf"{_CAP}(?: (?:[A-Z]\. ?|(?:de|van|von|da|del|di|la|bin|al) ){{0,2}}{_CAP}){{0,2}}"
_TITLED = re.compile(
    rf"(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Dame|Lord|Lady)\.? ({_FULL})(?![A-Za-z])"
)
_GREETED = re.compile(
    rf"(?:^|\n|[.!?] )(?:Dear|Hi|Hello|Hey|Good morning|Good afternoon),? ({_FULL})(?= ?[,!.:\n—-]|$)"
)
_LABELLED = re.compile(
    rf"(?:(?:[Ff]ull |[Ff]irst |[Ll]ast |[Cc]ustomer |[Aa]ccount |[Cc]ontact |[Cc]ardholder |[Mm]aiden )?[Nn]ame(?: is|:| on (?:the )?(?:account|card)(?: is|:))|NAME:|[Aa]ttn:?|[Cc]ontact:|[Cc]ustomer:|[Rr]ecipient:|[Cc]lient:|[Pp]atient:|[Ss]igned(?: by)?[,:]?|[Mm]y name['’]?s|I am|I['’]m|[Tt]his is|[Cc]/[Oo]|[Bb]elongs to|[Mm]aiden name(?: is|:)?|[Aa]sk for|[Ss]peak (?:to|with)|[Ss]poke (?:to|with)) ?({_FULL})(?![A-Za-z])"
)
_LABEL_SIGNS = (
    "name",
    "attn",
    "t:",
    "r:",
    "signed",
    "i am",
    "i'm",
    "i’m",
    "this is",
    "c/o",
    "belongs",
    "ask for",
    "speak",
    "spoke",
)
"""What every label has."""
_WORDS = re.compile(
    rf"(?<![A-Za-z]){_CAP}(?: (?:[A-Z]\. ?|(?:de|van|von|da|del|di|la|bin|al) ){{0,2}}{_CAP}){{1,2}}(?![A-Za-z])"
)
_ROMAJI = re.compile(
    r"(?<![A-Za-z])(?:[A-Z][a-z]{1,11} [A-Z][a-z]{1,11}|[A-Z]{2,12} [A-Z][a-z]{1,11}|[A-Z][a-z]{1,11} [A-Z]{2,12}|[A-Z]{3,12},? [A-Z]{3,12})(?![A-Za-z])"
)
_NOBODY = frozenset(
    """Customer Customers Sir Madam All Team Friend Friends There Everyone Everybody Valued Member Members Guest Guests Support Sales Service Services Neighbour Neighbor
    Reader Readers Subscriber Shopper Client Clients Colleague Colleagues Folks World Account Order Orders Monday Tuesday Wednesday Thursday Friday Saturday
    Sunday January February March April May June July August September October November December Street Road Avenue Lane The This Your Our Welcome Thank
    Thanks Please Happy New Year Christmas Easter Coffee Company Ltd Limited Inc University College Hotel Store Shop Group Bank Airport Station Park City County
    State Island Lake River Mountain Bay Beach Hospital School Church Museum Centre Center House Hall Court Kingdom Republic Day Night Week Sale Care Desk Foundation Award Prize
    Japan Tokyo Osaka Kyoto London Paris English Japanese Mr Mrs Ms Miss Dr Prof Not Very Really Just Also Here Sorry Glad Looking Sure Pleased Writing Interested Still Currently Going Happy Having""".split()
)


def find(reading: Reading) -> Iterator[Hit]:
    """SHAPED after a title, a greeting or a label; LOOSE where only a given name or a Japanese surname says so."""
    if not reading.latin:
        return
    text = reading.text
    for pattern in (_TITLED, _GREETED, _LABELLED) if reading.says(_LABEL_SIGNS) else (_TITLED, _GREETED):
        for found in pattern.finditer(text):
            name = _person(found[1])
            if name and (pattern is not _LABELLED or " " in name or ":" in found[0] or name in GIVEN_NAMES):
                yield Hit(found.start(1), found.start(1) + len(name), "PERSON", SHAPED)
    for found in _WORDS.finditer(text):
        words = found[0].split(" ")
        for place, word in enumerate(words[:-1]):
            if word in FIRM_GIVEN_NAMES and words[place + 1] not in _NOBODY:
                start = found.start() + sum(len(before) + 1 for before in words[:place])
                name = _person(text[start : found.end()])
                if name and " " in name:
                    yield Hit(start, start + len(name), "PERSON", LOOSE)
                break
    for found in _ROMAJI.finditer(text):
        words = re.split(",? ", found[0])
        family = [word.lower() in ROMAJI_SURNAMES for word in words]
        if (
            any(family)
            and not _NOBODY.intersection(word.capitalize() for word in words)
            and (all(len(word) > 2 for word in words))
        ):
            other = words[family.index(True) - 1]
            if _sounds(other.lower()) or other.capitalize() in GIVEN_NAMES:
                yield Hit(*found.span(), "PERSON", LOOSE)


_SYLLABLES = re.compile(
    r"(?:(?:[kgsztdnhbpmyrwjf]|ch|sh|ts|[kgnhbpmrj]y)?[aeiou]|n(?![aeiouy])|(?=([kstp])\1)[kstp]){2,6}"
)


def _sounds(word: str) -> bool:
    """Whether a word can be read as Japanese."""
    return _SYLLABLES.fullmatch(word) is not None


def _person(said: str) -> str | None:
    """The name up to a word that is none."""
    kept: list[str] = []
    for word in said.split(" "):
        if word in _NOBODY or (word.endswith(("'s", "’s")) and word[:-2] in _NOBODY):
            break
        kept.append(word)
    name = " ".join(kept)
    for ending in ("'s", "’s"):
        name = name.removesuffix(ending)
    return name or None
