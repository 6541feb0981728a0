"""Kinds of check that a rule of law may name.  A function marked ``@kind`` in a file here is one kind, under its own name."""

from __future__ import annotations

from collections.abc import Mapping

from policies.law_checks.asking import KINDS, Kind
from retrieval.rooms import modules_of

modules_of(__name__, __path__)

CHECKS: Mapping[str, Kind] = KINDS
"""Name of the kind → what it may be set to and how it asks."""
