"""Every recogniser.  One file in this folder is one type or family; ``<file>.yaml`` beside it shows what it finds and passes over.

A recogniser has ``TYPES`` (those of :data:`policies.identifiers.types.TYPES` it may name) and ``find(reading)``, which yields a
:class:`~policies.identifiers.recognisers.reading.Hit` for each place.
"""

from __future__ import annotations

from types import ModuleType

from policies.identifiers.recognisers.reading import Hit, Reading
from policies.places import Taken
from retrieval.rooms import modules_of

RECOGNISERS: tuple[ModuleType, ...] = tuple(
    module for name, module in modules_of(__name__, __path__).items() if name != "reading"
)
"""In the order of file names."""
_FIND = tuple(module.find for module in RECOGNISERS)


def recognise(text: str, language: str) -> list[Hit]:
    """What every recogniser finds in normalised text, overlaps resolved, in the order of the text.

    The order in which overlaps are settled is total: the surer hit first (``Hit.sure``), then the longer, the earlier, the
    type's name.  A hit that touches a place already taken is dropped, but for a postal code inside an address.
    """
    reading = Reading(text, language)
    hits = [hit for find in _FIND for hit in find(reading)]
    return settle(hits)


def settle(hits: list[Hit]) -> list[Hit]:
    """The hits that stand once overlaps are resolved."""
    if len(hits) < 2:
        return hits
    size = max([hit.end for hit in hits])
    # A postal code may stand in an address: each is held against everything but the other.
    beside_codes, beside_addresses = (Taken(size),), (Taken(size),)
    against = {"POSTAL_CODE": beside_codes, "ADDRESS": beside_addresses}
    everything = (*beside_codes, *beside_addresses)
    stand: list[Hit] = []
    for hit in sorted(set(hits), key=Hit.rank):
        asked = against.get(hit.type, everything)
        if all(taken.free(hit.start, hit.end) for taken in asked):
            for taken in asked:
                taken.take(hit.start, hit.end)
            stand.append(hit)
    return sorted(stand)
