"""Every guard a message passes.  One file in this folder is one guard; ``cases/<guard>.yaml`` shows it passing and failing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, Finding, Message

Check = Callable[[Message, Catalogue], Iterator[Finding]]

GUARDS: Mapping[str, Check] = {
    module.name: importlib.import_module(f"{__name__}.{module.name}").check
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name)
    if module.name != "guard"
}
"""Guard name → its check, in the order of names."""


def judge(message: Message, catalogue: Catalogue, guards: Mapping[str, Check] = GUARDS) -> tuple[Finding, ...]:
    """Every finding of every guard, in a total order; all guards run even after a block.

    A guard that raises blocks: an unchecked message is not a safe one.
    """
    findings: list[Finding] = []
    for name, check in guards.items():
        try:
            findings += check(message, catalogue)
        except Exception as error:
            broken = type(error).__name__
            findings.append(
                Finding(
                    name,
                    f"{name}.failed",
                    BLOCK,
                    None,
                    None,
                    "",
                    f"検査「{name}」が実行できませんでした（{broken}）",
                    f"the check '{name}' could not run ({broken})",
                )  # fmt: skip
            )
    return tuple(sorted(findings, key=Finding.place))


def verdict_of(findings: tuple[Finding, ...]) -> str:
    """``block``, ``flag`` or ``pass``: the worst severity."""
    severities = {finding.severity for finding in findings}
    return BLOCK if BLOCK in severities else "flag" if severities else "pass"
