"""The batch interface of the loopback server: files of questions in, files of answers out, and what can go wrong with them."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

FAULTS: Mapping[str, str] = {
    "no_batches": "404: there is no batch interface", "no_create": "400 when a batch is begun", "invalid": "the file is not accepted",
    "expired": "the day is over after half of it", "cancelled": "somebody cancels it after half of it", "shuffled": "answers in another order",
    "doubled": "every answer twice", "missing": "every other answer is missing", "cut": "the file of answers ends in the middle of a line",
    "noise": "lines that are no answers", "no_files": "the files of answers are gone", "lost_upload": "a file is kept, and the connection breaks",
    "lost_create": "a batch is begun, and the connection breaks", "deaf_create": "the connection breaks and no batch is begun",
    "mute_upload": "a file is kept, and nothing is answered", "mute_create": "a batch is begun, and nothing is answered",
}  # fmt: skip
"""What can go wrong with a batch on purpose, by name."""
Told = tuple[int, Any]
"""Status and JSON, or the bytes of a file; status 0 breaks the connection, -1 leaves it open without an answer."""
_ENDPOINT = "/v1/chat/completions"


@dataclass(slots=True)
class _Batch:
    id: str
    file: str
    metadata: Mapping[str, str]
    lines: list[dict[str, Any]]
    status: str = "validating"
    looks: int = 0
    done: int = 0
    failed: int = 0
    output: str | None = None
    errors: str | None = None
    why: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False)
class Batches:
    """Files and batches.  ``answer`` gives status and body of a question, (0, …) for none at all and (-1, …) for none in time.

    ``fault`` is one of :data:`FAULTS`; a batch has ended when it was looked at more than ``looks`` times.
    """

    answer: Callable[[Mapping[str, Any]], Told]
    fault: str | None = None
    looks: int = 0
    begun: list[dict[str, Any]] = field(default_factory=list)
    """The lines of every batch, in the order in which they came."""

    def __post_init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, _Batch] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()

    @property
    def ids(self) -> list[str]:
        """Every batch that was begun."""
        return list(self._batches)

    def get(self, address: str) -> Told | None:
        """The answer to a GET; None where the address is none of ours."""
        split = urlsplit(address)
        with self._lock:
            match split.path.strip("/").split("/")[1:]:
                case ["files" | "batches", *_] if self.fault == "no_batches":
                    return self._missing()
                case ["batches"]:
                    return self._listed(parse_qs(split.query))
                case ["batches", name]:
                    return self._looked(name)
                case ["files", name, "content"]:
                    gone = name not in self._files or self.fault == "no_files"
                    return self._missing() if gone else (200, self._files[name])
        return None

    def post(self, path: str, kind: str, content: bytes) -> Told | None:
        """The answer to a POST; None where the path is none of ours."""
        with self._lock:
            match path.strip("/").split("/")[1:]:
                case ["files" | "batches", *_] if self.fault == "no_batches":
                    return self._missing()
                case ["files"]:
                    return self._kept(kind, content)
                case ["batches"]:
                    return self._created(json.loads(content))
                case ["batches", name, "cancel"]:
                    return self._cancelled(name)
        return None

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _kept(self, kind: str, content: bytes) -> Told:
        form = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + content)
        parts = {
            part.get_param("name", header="content-disposition"): part
            for part in form.walk()
            if not part.is_multipart()
        }
        raw = parts["file"].get_payload(decode=True)
        name = f"file-{next(self._numbers)}"
        self._files[name] = raw if isinstance(raw, bytes) else b""
        told = {
            "id": name, "object": "file", "bytes": len(self._files[name]), "created_at": 0, "filename": parts["file"].get_filename() or "",
            "purpose": "batch", "status": "processed",
        }  # fmt: skip
        return {"lost_upload": 0, "mute_upload": -1}.get(self.fault or "", 200), told

    def _created(self, body: Mapping[str, Any]) -> Told:
        if self.fault == "deaf_create":
            return 0, {}
        if self.fault == "no_create" or body.get("endpoint") != _ENDPOINT or body.get("completion_window") != "24h":
            return 400, error("invalid_request_error", "the batch is not accepted")
        if (content := self._files.get(str(body.get("input_file_id")))) is None:
            return self._missing()
        lines = [json.loads(line) for line in content.splitlines()]
        batch = _Batch(f"batch_{next(self._numbers)}", str(body["input_file_id"]), body.get("metadata") or {}, lines)
        self._batches[batch.id] = batch
        self.begun += lines
        return {"lost_create": 0, "mute_create": -1}.get(self.fault or "", 200), _shown(batch)

    # --- what comes of it -------------------------------------------------------------------------------------------

    def _looked(self, name: str) -> Told:
        if (batch := self._batches.get(name)) is None:
            return self._missing()
        batch.looks += 1
        if batch.status == "cancelling":
            self._ended(batch, "cancelled")
        elif batch.status in ("validating", "in_progress"):
            if batch.looks > self.looks:
                self._ended(batch, self.fault if self.fault in ("expired", "cancelled") else "completed")
            else:
                batch.status, batch.done = "in_progress", len(batch.lines) * batch.looks // (self.looks + 1)
        return 200, _shown(batch)

    def _cancelled(self, name: str) -> Told:
        if (batch := self._batches.get(name)) is None:
            return self._missing()
        if batch.status not in ("validating", "in_progress"):
            return 400, error("invalid_request_error", f"a batch that is {batch.status} cannot be cancelled")
        batch.status = "cancelling"
        return 200, _shown(batch)

    def _ended(self, batch: _Batch, status: str) -> None:
        if wrong := self._wrong(batch):
            batch.status, batch.why = "failed", [wrong]
            return
        batch.status = status
        reached = len(batch.lines) if status == "completed" else len(batch.lines) // 2
        answers: list[str] = []
        errors: list[str] = []
        for number, line in enumerate(batch.lines):
            told = {"id": f"batch_req_{number}", "custom_id": line["custom_id"], "response": None, "error": None}
            code, body = self.answer(line["body"]) if number < reached else (-1, None)
            if code == 0:
                continue
            if code < 0:
                why = "batch_cancelled" if status == "cancelled" else "batch_expired"
                told["error"] = {"code": why, "message": "this request was not executed"}
            else:
                told["response"] = {"status_code": code, "request_id": f"req_{number}", "body": body}
            (answers if code == 200 else errors).append(json.dumps(told, ensure_ascii=False))
        batch.done, batch.failed = len(answers), len(errors)
        batch.output, batch.errors = (
            self._file(self._spoilt(answers)),
            self._file("".join(f"{line}\n" for line in errors)),
        )

    def _wrong(self, batch: _Batch) -> dict[str, Any] | None:
        keys = [line.get("custom_id") for line in batch.lines]
        if self.fault == "invalid" or len(set(keys)) < len(keys) or not keys:
            return {"code": "invalid_json_line", "line": 1, "message": "this line cannot be parsed", "param": None}
        if any(line.get("url") != _ENDPOINT or line.get("method") != "POST" for line in batch.lines):
            return {"code": "url_mismatch", "line": 1, "message": "the line is for another endpoint", "param": None}
        return None

    def _spoilt(self, answers: list[str]) -> str:
        match self.fault:
            case "shuffled":
                random.Random(0).shuffle(answers)
            case "doubled":
                answers = [one for one in answers for _ in range(2)]
            case "missing":
                answers = answers[::2]
            case "noise":
                noise = [
                    "",
                    "{",
                    "[]",
                    "null",
                    '"line"',
                    '{"custom_id": 3}',
                    '{"custom_id": "another", "response": null}',
                ]
                answers = [*noise, *answers, *noise]
        text = "".join(f"{line}\n" for line in answers)
        return text[: len(text) * 2 // 3] if self.fault == "cut" else text

    def _file(self, text: str) -> str | None:
        if not text:
            return None
        name = f"file-{next(self._numbers)}"
        self._files[name] = text.encode()
        return name

    def _listed(self, query: Mapping[str, list[str]]) -> Told:
        limit, after = int(query.get("limit", ["20"])[0]), query.get("after", [""])[0]
        newest = list(reversed(self._batches.values()))
        first = next((place + 1 for place, batch in enumerate(newest) if batch.id == after), 0)
        page = [_shown(batch) for batch in newest[first : first + limit]]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
        return 200, {"object": "list", "data": page, **ends, "has_more": first + limit < len(newest)}

    def _missing(self) -> Told:
        return 404, error("not_found", "there is no such thing here")


def _shown(batch: _Batch) -> dict[str, Any]:
    return {
        "id": batch.id, "object": "batch", "endpoint": _ENDPOINT, "errors": {"object": "list", "data": batch.why} if batch.why else None,
        "input_file_id": batch.file, "completion_window": "24h", "status": batch.status, "output_file_id": batch.output,
        "error_file_id": batch.errors, "created_at": 0, "metadata": dict(batch.metadata),
        "request_counts": {"total": len(batch.lines), "completed": batch.done, "failed": batch.failed},
    }  # fmt: skip


def error(code: str, said: str) -> dict[str, Any]:
    """A provider's error."""
    return {"error": {"message": said, "type": code, "param": None, "code": code}}
