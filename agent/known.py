"""The index of known identifiers of a home: a file beside the settings, made from the customers and kept as fresh as they are.

Whether it is fresh the database says (``retrieval.people.state_of_customers``), not a clock: as long as no customer was imported, an
index is complete however old it is.  When one was, whoever judges next brings the index up to date first.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from agent.settings import Home
from policies.identifiers.customers import rows_of, same_people
from policies.identifiers.index import KnownIdentifiers, fault
from retrieval.errors import InputError
from retrieval.people import count_customers, read_duplicates, read_people, state_of_customers


@dataclass(frozen=True, slots=True)
class Known:
    """The index that messages are judged with; ``fault`` is why it may not be relied on, in Japanese and English."""

    index: KnownIdentifiers | None
    fault: tuple[str, str] | None = None


class Register:
    """Everybody a home knows.  One is enough for a process; processes share the pages of the file."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._held: KnownIdentifiers | None = None

    @property
    def path(self) -> Path:
        """The file of the index."""
        return self._home.folder / "known.index"

    def at(self, connection: Connection, now: datetime) -> Known:
        """The index of the customers as ``connection`` sees them; with a fault where none can be made, so that messages block.

        Raises Unreachable when the database does not answer.
        """
        state = state_of_customers(connection)
        if self._held is not None and self._held.build_of.stamp == state:
            return Known(self._held)
        try:
            self._held = self._renewed(connection, state, now)
        except (OSError, ValueError, InputError) as error:
            said = error.message if isinstance(error, InputError) else type(error).__name__
            return Known(
                None,
                (
                    f"既知の個人情報の索引を作れません（{said}）",
                    f"the index of known identifiers could not be made ({said})",
                ),
            )
        return Known(self._held, fault(self._held, now, count_customers(connection), state))

    def _renewed(self, connection: Connection, state: str, now: datetime) -> KnownIdentifiers:
        """The file, brought up to date; of several processes one does so and the others read what it made."""
        key = self._home.key
        with self._alone():
            stored = self._stored(key)
            # The count sees what was written past the importer.
            if stored and stored.build_of.stamp == state and stored.build_of.customers == count_customers(connection):
                return stored
            rows = rows_of(read_people(connection), same_people(read_duplicates(connection)))
            made = KnownIdentifiers.build(rows, key, now=now, stamp=state, since=stored)
            try:
                made.save(self.path)
            except OSError:
                return made
            return KnownIdentifiers.load(self.path, key)

    def _stored(self, key: bytes) -> KnownIdentifiers | None:
        try:
            return KnownIdentifiers.load(self.path, key)
        except InputError:
            return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            lock = (self._home.folder / "known.lock").open("w")
        except OSError:
            # In a home one may not write to, each process makes its own.
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
