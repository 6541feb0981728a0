"""Reading a policy file: YAML with the line of every key, validated by a pydantic model, every mistake one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from retrieval.errors import InputError, nearest

Model = TypeVar("Model", bound=BaseModel)


class Page:
    """One YAML file: ``content`` and, for each key path, the line it stands on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[tuple[str, ...], int] = {}
        try:
            loader = yaml.CSafeLoader(path.read_text(encoding="utf-8"))
            # Composed once, for the lines and for the content.
            node = loader.get_single_node()
            if node is not None:
                self._walk(node, ())
            self.content: Any = None if node is None else loader.construct_document(node)
        except UnicodeDecodeError as error:
            raise InputError(f"is not UTF-8 (byte {error.start})", file=path) from None
        except OSError as error:
            raise InputError(error.strerror or str(error), file=path) from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error)
            raise InputError(f"is not valid YAML: {problem}", file=path, line=mark.line + 1 if mark else None) from None

    def _walk(self, node: yaml.Node, path: tuple[str, ...]) -> None:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = (*path, str(key.value))
                if inner in self._lines:
                    raise InputError("stands twice", file=self.path, line=key.start_mark.line + 1, key=".".join(inner))
                self._lines[inner] = key.start_mark.line + 1
                self._walk(value, inner)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                self._walk(value, (*path, str(number)))

    def line(self, *path: object) -> int | None:
        """Line (1-based) of a key path, or of the nearest key around it."""
        words = tuple(str(part) for part in path)
        while words and words not in self._lines:
            words = words[:-1]
        return self._lines.get(words)

    def error(self, message: str, *path: object) -> InputError:
        """An error at a key of this file."""
        return InputError(
            message, file=self.path, line=self.line(*path), key=".".join(str(part) for part in path) or None
        )

    def read(self, model: type[Model]) -> Model:
        """The content as ``model``; raises InputError at the first mistake."""
        return self.part(model, self.content)

    def part(self, model: type[Model], content: Any, *path: object) -> Model:
        """A part of the content, found at ``path``, as ``model``."""
        if not isinstance(content, Mapping):
            raise self.error("must hold keys and values", *path)
        try:
            return model.model_validate(content)
        except ValidationError as error:
            found = error.errors(include_url=False)
            first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
            where = (*path, *first["loc"])
            if first["type"] == "extra_forbidden":
                known = _fields_at(model, first["loc"][:-1])
                raise self.error(f"unknown key{nearest(str(first['loc'][-1]), known)}", *where) from None
            if first["type"] == "missing":
                raise self.error("is missing", *where) from None
            said = first["msg"].removeprefix("Value error, ")
            raise self.error(f"{said} (is {first['input']!r})", *where) from None


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> Iterable[str]:
    """The keys that the object at ``path`` inside a model may have."""
    for part in path:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        model = _model_in(field.annotation) or model if field is not None else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def policy_files(folder: str, *roots: Path) -> list[Path]:
    """The YAML files of a policy folder by name; a file of an earlier root replaces the one of the same name."""
    found: dict[str, Path] = {}
    for root in reversed(roots):
        for path in sorted((root / folder).glob("*.yaml")):
            found[path.name] = path
    return [found[name] for name in sorted(found)]


def policy_file(name: str, *roots: Path) -> Path:
    """The first root's file of this name."""
    return next((root / name for root in roots if (root / name).is_file()), roots[-1] / name)
