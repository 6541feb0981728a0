"""``enishi scan`` requests: one JSON object per line."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from policies.identifiers.scan import scan
from policies.identifiers.types import TYPES
from retrieval.errors import InputError, nearest


class Known(BaseModel):
    """One identifier that must be found in whatever form."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str
    value: str

    @field_validator("type")
    @classmethod
    def _is_a_type(cls, value: str) -> str:
        if value not in TYPES:
            raise ValueError(f"unknown identifier type '{value}'{nearest(value, TYPES)}")
        return value


class ScanRequest(BaseModel):
    """``{"id","text","lang","facts"?,"known"?:[{"type","value"}]}``"""

    model_config = ConfigDict(frozen=True)
    id: str | int
    text: str
    lang: str = "ja"
    facts: dict[str, Any] | None = None
    known: tuple[Known, ...] | None = None

    @field_validator("lang")
    @classmethod
    def _is_a_language(cls, value: str) -> str:
        if value not in ("ja", "en"):
            raise ValueError(f"unknown language '{value}' — one of: en, ja")
        return value


_KEYS = tuple(ScanRequest.model_fields)


def answer_line(line: str | bytes, *, file: object, number: int) -> dict[str, Any]:
    """The answer to one line; raises InputError naming file, line and key."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON ({str(error).split(':')[0]})", file=file, line=number) from None
    if not isinstance(content, dict):
        raise InputError("must be a JSON object", file=file, line=number)
    for key in content.keys() - _KEYS:
        # What else a caller keeps beside a text is theirs; what is nearly one of ours is a slip.
        if get_close_matches(key, _KEYS, n=1, cutoff=0.7):
            raise InputError(f"unknown key{nearest(key, _KEYS)}", file=file, line=number, key=key)
    try:
        request = ScanRequest.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        said = "is missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        raise InputError(said, file=file, line=number, key=".".join(str(part) for part in first["loc"])) from None
    found = scan(request.text, request.lang, request.facts, [(one.type, one.value) for one in request.known or ()])
    return {"id": request.id, "spans": [{"start": one.start, "end": one.end, "type": one.type} for one in found]}
