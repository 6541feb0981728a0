"""The notes of a home: search them, index them, erase them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from retrieval.database import reading
from retrieval.errors import InputError, Unreachable, nearest
from retrieval.notes import erasure, search
from retrieval.notes.erasure import Erased
from retrieval.notes.index import COLLECTION, About, NoteIndex, about, planned
from retrieval.notes.minilm import MiniLM
from retrieval.notes.openai import MODEL, OpenAIVectors
from retrieval.notes.search import Answer, Change, Mask, Vectoriser
from retrieval.notes.vectors import HashedGrams
from retrieval.tables import HISTORY, bucket_of

GRAMS, MINILM, OPENAI = "grams", "minilm", "openai"
EMBEDDERS = (GRAMS, MINILM, OPENAI)


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index is made with now, and what changed in it."""

    about: About
    change: Change


class Notes:
    """The notes of the home in ``folder`` with the database behind ``engine``.

    ``mask`` makes notes fit to leave the machine; it is called before anything is sent to a model.  A search takes an aware
    ``as_of`` (default now) and lets nothing later be seen.
    """

    def __init__(self, engine: Engine, folder: Path, mask: Mask) -> None:
        self._engine, self._home, self._mask = engine, folder, mask
        self._folder = folder / "notes"
        self._open = ExitStack()

    def close(self) -> None:
        """Let go of the index; a later call opens it again."""
        self._open.close()
        self.__dict__.pop("_index", None)

    def search(
        self,
        customer_id: str,
        query: str,
        *,
        as_of: datetime | None = None,
        count: int = 5,
        language: str | None = None,
    ) -> Answer:
        """The notes of one customer that answer ``query``, the best first; in one ``language`` (ja, en) where it is given.

        Needs no index, and opens one only where it was made with a model's vectors.  Raises InputError for an unknown customer or
        language and for a query with nothing to look for, Unreachable when index or model are asked and do not answer.
        """
        with reading(self._engine) as connection:
            _known(connection, (customer_id,))
        found = about(self._folder)
        vectors = (self._index, self._vectoriser(found)) if found and found.embedder != GRAMS else None
        return search.of_customer(
            self._engine,
            customer_id,
            query,
            as_of=as_of or datetime.now(UTC),
            count=count,
            language=language,
            vectors=vectors,
        )

    def find(self, query: str, *, as_of: datetime | None = None, count: int = 5, language: str | None = None) -> Answer:
        """The notes of anybody that answer ``query``, through the index.

        Raises InputError when there is no index, Unreachable when it does not answer, and as :meth:`search`.
        """
        found = about(self._folder)
        if found is None:
            raise InputError("there is no note index yet: 'enishi notes index' makes one", file=self._folder)
        return search.of_anybody(
            self._engine, query, as_of=as_of or datetime.now(UTC), index=self._index,
            vectoriser=self._vectoriser(found), count=count, language=language,
        )  # fmt: skip

    def index(
        self, *, server: str | None = None, embedder: str | None = None, model: str | None = None,
        base_url: str | None = None, rebuild: bool = False,
        told: Callable[[int, int], None] = lambda done, total: None,
    ) -> Indexed:  # fmt: skip
        """Bring the index up to date; what is not given stays as it was, the first one is made of n-grams in the home.

        ``server``: URL of a Chroma server, ``""`` for the home.  ``embedder``: grams, minilm, or openai with ``model`` and ``base_url``.
        Made with anything else than before, or with ``rebuild``, it is made anew; only ``rebuild`` leaves a server that does not
        answer as it is.  Raises InputError for what is unknown or not
        installed, Unreachable when index or model do not answer.
        """
        before = about(self._folder)
        wanted = _wanted(before, server, embedder, model, base_url)
        vectoriser = self._vectoriser(wanted)
        if rebuild or wanted != before:
            self.close()
            with reading(self._engine) as connection:
                wanted = replace(wanted, shards=planned(search.count_of(connection)))
            # Opened before anything is thrown away, so that what cannot be opened costs nothing.
            with NoteIndex.open(self._folder, wanted) as fresh:
                if before is not None and before.server != wanted.server:
                    _leave(self._folder, before, rebuild)
                fresh.clear()
                fresh.save()
        return Indexed(wanted, search.update(self._engine, self._index, vectoriser, told=told))

    def erase(
        self, customer_ids: Sequence[str], *, noted: Callable[[Connection, int], None] = lambda connection, notes: None
    ) -> Erased:
        """Erase what was written about these customers, down to the bytes of every file of the home.

        ``noted`` is called with the number of notes inside the transaction that takes them out.  Raises InputError for an unknown
        customer or an index that cannot be opened here, Unreachable when database or index do not answer; nothing is erased then.
        """
        with reading(self._engine) as connection:
            _known(connection, customer_ids)
        index = self._index if about(self._folder) else None
        return erasure.erase(self._engine, self._home, customer_ids, index=index, noted=noted)

    @property
    def server(self) -> str | None:
        """URL of the Chroma server that holds the index, None where the home does or there is none."""
        found = about(self._folder)
        return found.server if found else None

    @cached_property
    def _index(self) -> NoteIndex:
        found = about(self._folder)
        if found is None:
            raise InputError("there is no note index yet: 'enishi notes index' makes one", file=self._folder)
        return self._open.enter_context(NoteIndex.open(self._folder, found))

    @cached_property
    def _minilm(self) -> MiniLM:
        return MiniLM()

    def _vectoriser(self, found: About) -> Vectoriser:
        if found.embedder == GRAMS:
            return Vectoriser(HashedGrams())
        if found.embedder == MINILM:
            return Vectoriser(self._minilm)
        return Vectoriser(OpenAIVectors(found.model or MODEL, found.base_url), self._mask)


def _wanted(
    before: About | None, server: str | None, embedder: str | None, model: str | None, base_url: str | None
) -> About:
    made = before or About(GRAMS)
    if embedder is not None:
        if embedder not in EMBEDDERS:
            raise InputError(f"unknown embeddings '{embedder}'{nearest(embedder, EMBEDDERS)}", key="--embeddings")
        made = replace(made, embedder=embedder)
    if made.embedder != OPENAI:
        if model or base_url:
            said = "n-grams have" if made.embedder == GRAMS else "MiniLM has"
            raise InputError(f"{said} no model and no address to choose: add --embeddings openai", key="--embeddings")
        made = replace(made, model=None, base_url=None)
    else:
        made = replace(made, model=model or made.model or MODEL, base_url=base_url or made.base_url)
    if server is None or server == (made.server or ""):
        return made
    return replace(
        made, server=server or None, collection=f"{COLLECTION}-{secrets.token_hex(4)}" if server else COLLECTION
    )


def _leave(folder: Path, before: About, anyway: bool) -> None:
    """Clear the place where the index was."""
    try:
        with NoteIndex.open(folder, before) as old:
            old.clear()
    except Unreachable:
        if not anyway:
            raise


def _known(connection: Connection, customer_ids: Sequence[str]) -> None:
    table = HISTORY["customers"]
    for customer in customer_ids:
        row = select(table.c.id).where(table.c.bucket == bucket_of(customer), table.c.id == customer)
        if connection.execute(row).first() is None:
            ids = connection.execute(select(table.c.id).limit(2000)).scalars()
            raise InputError(f"no customer '{customer}'{nearest(customer, ids)}", key="customer")
