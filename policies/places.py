"""Where something stands in a text, answered from the letters of one place: it costs the same however much else stands there."""

from __future__ import annotations

from collections.abc import Iterable


def stands_over(text: str, phrase: str, start: int, end: int) -> bool:
    """Whether ``phrase`` stands somewhere in ``text`` so that all of ``text[start:end]`` is in it."""
    return text.find(phrase, max(0, end - len(phrase)), start + len(phrase)) >= 0


def within_any(text: str, phrases: Iterable[str], start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is a part, and not the whole, of one of the phrases as it stands there."""
    return any(len(phrase) > end - start and stands_over(text, phrase, start, end) for phrase in phrases)


class Taken:
    """The letters of a text that belong to some place already, a byte for each: asking costs what the place is long, however many there are."""

    __slots__ = ("_letters",)

    def __init__(self, size: int) -> None:
        self._letters = bytearray(size)

    def free(self, start: int, end: int) -> bool:
        """Whether nothing from ``start`` to ``end`` is taken."""
        return 1 not in self._letters[start:end]

    def take(self, start: int, end: int) -> None:
        """Mark a place."""
        self._letters[start:end] = b"\1" * (end - start)
