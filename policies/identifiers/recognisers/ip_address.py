"""IP addresses, version 4 and 6, as the standard library reads them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import SHAPED, Hit, Reading

TYPES = ("IP_ADDRESS",)
_V4 = re.compile(r"(?<![0-9A-Za-z.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z]|\.[0-9])")
_V6 = re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f:]{2,39}(?:(?<=:)[0-9]{1,3}(?:\.[0-9]{1,3}){3})?(?![0-9A-Za-z:])")
_VERSION = re.compile(
    r"(?:(?<![A-Za-z])v|(?<![A-Za-z])ver\.?|version|バージョン|release|§|section|第)[ :：.は]{0,3}$", re.IGNORECASE
)


def find(reading: Reading) -> Iterator[Hit]:
    """By what they parse as; a version number is not one."""
    text = reading.text
    if not reading.digits:
        return
    if text.count(".") >= 3:
        for found in _V4.finditer(text):
            if _reads(found[0]) and not _VERSION.search(text[max(0, found.start() - 12) : found.start()]):
                yield Hit(*found.span(), "IP_ADDRESS", SHAPED)
    if "::" in text or text.count(":") >= 7:
        for found in _V6.finditer(text):
            said = found[0].rstrip(":") if not found[0].endswith("::") else found[0]
            if said.count(":") >= 2 and len(said) > 4 and _reads(said):
                yield Hit(found.start(), found.start() + len(said), "IP_ADDRESS", SHAPED)


def _reads(said: str) -> bool:
    try:
        ipaddress.ip_address(said)
    except ValueError:
        return False
    return True
