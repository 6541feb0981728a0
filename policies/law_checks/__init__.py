"""Kinds of check that a rule of law may name.  A function marked ``@kind`` in a file here is one kind, under its own name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from policies.law_checks.asking import KINDS, Kind

for _module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
    importlib.import_module(f"{__name__}.{_module.name}")

CHECKS: Mapping[str, Kind] = KINDS
"""Name of the kind → what it may be set to and how it asks."""
