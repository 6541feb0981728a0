"""A provider's batch interface: questions go to it in a file, answers come back within a day for a share of the price.

A question that is posted is the very request that would be sent at once: the chat model makes it, and what stands in for the
network writes it down.  Its answer comes back the same way: the same question is asked again, and what stands in for the network
answers with what the provider wrote, so that it is read, judged and where need be repaired like any other.  Whatever is asked after
that first answer goes to the provider at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import orjson

from agent.drafting.outcomes import POSTED
from agent.drafting.provider import Connect, Failure, Unanswered, connection, failure_of, provider_of
from agent.settings import Drafting
from retrieval.errors import InputError, Unreachable

if TYPE_CHECKING:
    from openai.types import Batch

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
MOST_LINES, MOST_BYTES = 50_000, 200_000_000
"""What a file may hold."""
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""What a provider calls a batch from which nothing more will come."""
LABEL = "enishi"
"""The key of the metadata by which a batch is found again."""
_KEY = "x-enishi-copy"
_UPLOAD_SECONDS = 600.0
_OUTCOMES = {"batch_expired": "expired", "batch_cancelled": "cancelled"}
"""What the file of errors says of a line → outcome."""


class Letterbox(Protocol):
    """Where the first question about a brief goes instead of to the provider."""

    paid: bool
    """Whether what a question may cost was set aside before."""

    @property
    def connect(self) -> Connect:
        """Opens a chat model that reaches no network."""

    def takes(self, key: str) -> bool:
        """Whether the next question about this brief goes by it; asked once for each."""


@dataclass(eq=False)
class Outgoing:
    """Writes questions down: ``lines`` are key → the body of the request."""

    settings: Drafting
    lines: dict[str, bytes] = field(default_factory=dict)
    paid = False

    @property
    def connect(self) -> Connect:
        """A chat model whose questions are kept here."""
        return connection(self.settings, self._answer)

    def takes(self, key: str) -> bool:
        """Every one."""
        return True

    def _answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        self.lines[headers[_KEY]] = body
        raise Unanswered(Failure(POSTED))


@dataclass(eq=False)
class Incoming:
    """Answers first questions with what came back: key → status and body, or why there is none."""

    settings: Drafting
    replies: Mapping[str, Reply]
    otherwise: Failure
    paid = True

    def __post_init__(self) -> None:
        self._asked: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether the provider answered it, in whatever way."""
        return not isinstance(self.replies.get(key, self.otherwise), Failure)

    @property
    def connect(self) -> Connect:
        """A chat model that answers from here."""
        return connection(self.settings, self._answer)

    def takes(self, key: str) -> bool:
        """The first one; what is asked after it goes its ordinary way."""
        first = key not in self._asked
        self._asked.add(key)
        return first

    def _answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        reply = self.replies.get(headers[_KEY], self.otherwise)
        if isinstance(reply, Failure):
            raise Unanswered(reply)
        return reply


Reply = tuple[int, Any] | Failure
"""Status and JSON of an answer, or why there is none."""


def mark(key: str) -> dict[str, Any]:
    """How a question for a letterbox says which brief it is about: a header, which does not leave this process."""
    return {"extra_headers": {_KEY: key}}


# --- the files ------------------------------------------------------------------------------------------------------------


def line_of(key: str, body: bytes) -> bytes:
    """A line of the file of questions."""
    return orjson.dumps({"custom_id": key, "method": "POST", "url": ENDPOINT, "body": orjson.Fragment(body)}) + b"\n"


def parcels(lines: Mapping[str, bytes]) -> Iterator[list[str]]:
    """The keys of the lines, in files that are not too large."""
    parcel: list[str] = []
    size = 0
    for key, body in sorted(lines.items()):
        length = len(line_of(key, body))
        if parcel and (len(parcel) == MOST_LINES or size + length > MOST_BYTES):
            yield parcel
            parcel, size = [], 0
        parcel.append(key)
        size += length
    if parcel:
        yield parcel


def replies_in(*files: bytes) -> dict[str, Reply]:
    """Key → what the files of answers and of errors say; a line that cannot be read is none, and of two the first with an answer counts."""
    found: dict[str, Reply] = {}
    for line in (line for file in files for line in file.split(b"\n") if line.strip()):
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        key = told.get("custom_id") if isinstance(told, dict) else None
        if isinstance(key, str) and isinstance(found.get(key, _NONE), Failure):
            found[key] = _reply(told)
    return found


_NONE = Failure("unanswered")


def _reply(line: Mapping[str, Any]) -> Reply:
    response, error = line.get("response"), line.get("error")
    if isinstance(response, dict) and isinstance(response.get("status_code"), int):
        status = response["status_code"]
        return (status, response.get("body")) if 100 <= status <= 599 else Failure("malformed")
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    return Failure(_OUTCOMES.get(code, "unanswered"), "" if code in _OUTCOMES else code)


# --- the provider ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a batch is, in the provider's words; ``why`` is its code for a batch that it did not accept."""

    batch: str
    status: str
    completed: int
    failed: int
    files: tuple[str, ...]
    why: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in ENDED

    @property
    def failure(self) -> Failure:
        """What came of a question without an answer in the files."""
        match self.status:
            case "failed":
                return Failure("refused_request", self.why)
            case "expired" | "cancelled":
                return Failure(self.status)
        return Failure("unanswered")


class NoBatch(InputError):
    """At this address, or with this key, there is no such batch, or no batch interface at all."""


class Provider:
    """The batch interface of the provider in the settings.

    Every method raises InputError where the key or the request is wrong, NoBatch where the address is, Unreachable where it does not
    answer.
    """

    def __init__(self, settings: Drafting) -> None:
        self._settings = settings
        self._client = provider_of(settings).with_options(max_retries=settings.attempts - 1)

    def send(self, label: str, lines: Iterable[bytes]) -> Standing:
        """Upload the file and begin the batch; it is begun once, or an exception says that this is not known."""
        with _told():
            patient = self._client.with_options(timeout=max(_UPLOAD_SECONDS, self._settings.timeout_seconds))
            file = patient.files.create(file=(f"{label}.jsonl", b"".join(lines)), purpose="batch")
            # Not tried again: one that was begun and whose answer was lost would be begun twice.
            once = self._client.with_options(max_retries=0)
            return _standing(
                once.batches.create(
                    input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h", metadata={LABEL: label}
                )
            )

    def find(self, label: str) -> Standing | None:
        """The batch of this label, if it was ever begun."""
        with _told():
            for batch in self._client.batches.list(limit=100):
                if (batch.metadata or {}).get(LABEL) == label:
                    return _standing(batch)
        return None

    def look(self, batch: str) -> Standing:
        """How far it is."""
        with _told(f"there is no batch {batch}; with another key or base_url it cannot be fetched"):
            return _standing(self._client.batches.retrieve(batch))

    def fetch(self, standing: Standing) -> dict[str, Reply]:
        """What came back; a file that the provider keeps no longer holds nothing."""
        import openai

        contents: list[bytes] = []
        for file in standing.files:
            with _told():
                try:
                    contents.append(self._client.files.content(file).read())
                except openai.NotFoundError:
                    continue
        return replies_in(*contents)

    def cancel(self, batch: str) -> Standing:
        """Ask for no more of it."""
        with _told(f"there is no batch {batch}"):
            return _standing(self._client.batches.cancel(batch))


def _standing(batch: Batch) -> Standing:
    counts, errors = batch.request_counts, (batch.errors.data or []) if batch.errors else []
    return Standing(
        batch.id, batch.status, counts.completed if counts else 0, counts.failed if counts else 0,
        tuple(file for file in (batch.output_file_id, batch.error_file_id) if file), _codes([error.code for error in errors]),
    )  # fmt: skip


def _codes(codes: Sequence[str | None]) -> str:
    return ", ".join(dict.fromkeys(code for code in codes if code))


@contextmanager
def _told(
    missing: str = "there is no batch interface at this address; 'batch resume' with --now asks the ordinary way",
) -> Iterator[None]:
    """A provider's exception as a sentence; its own text may hold what nobody should read."""
    try:
        yield
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        code = f" ({failure.detail})" if failure.detail else ""
        match failure.outcome:
            case "unauthorised":
                raise InputError(f"the key was not accepted{code}", key="drafting.key_variable") from None
            case "unknown_model":
                raise NoBatch(missing, key="drafting.base_url") from None
            case "refused_request" | "too_long" | "filtered":
                raise InputError(f"the provider does not accept the batch{code}", key="drafting") from None
        said = failure.outcome.replace("_", " ")
        raise Unreachable(f"the model's provider: {said}{code}; 'enishi batch resume' tries it again") from None
