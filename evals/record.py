"""Recording a case from what was decided: from a stored decision, or from a draft that a person approved, edited or rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def readable(record: Mapping[str, Any]) -> bytes:
    """A customer record as a person reads it: one line per field of an object, one line per row of a list."""
    lines = []
    for key, value in record.items():
        if isinstance(value, list) and value:
            inner = ",\n".join(f"    {_line(row)}" for row in value)
            lines.append(f'  {_line(key)}: [\n{inner}\n  ]')
        elif isinstance(value, Mapping) and value:
            inner = ",\n".join(f"    {_line(name)}: {_line(held)}" for name, held in value.items())
            lines.append(f'  {_line(key)}: {{\n{inner}\n  }}')
        else:
            lines.append(f"  {_line(key)}: {_line(value)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_line(key)}: {_line(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_line, value)) + "]"
    return orjson.dumps(value).decode()
