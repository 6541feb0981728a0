"""A folder in which one file is one rule, check or scorer: adding the file is all it takes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import ModuleType


def modules_of(package: str, path: Iterable[str]) -> Mapping[str, ModuleType]:
    """Name → module of every file of a package, in the order of names; called by the package itself with its ``__path__``."""
    return {
        name: importlib.import_module(f"{package}.{name}")
        for name in sorted(one.name for one in pkgutil.iter_modules(path))
    }
