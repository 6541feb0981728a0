"""Every guard a message passes.  One file in this folder is one guard; ``cases/<guard>.yaml`` shows it passing and failing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping

from policies.catalogue import Catalogue
from policies.guardrails.guard import BLOCK, SCOPES, Finding, Message, Scope

Check = Callable[[Message, Catalogue], Iterator[Finding]]

_MODULES = {
    module.name: importlib.import_module(f"{__name__}.{module.name}")
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name)
    if module.name != "guard"
}
GUARDS: Mapping[str, Check] = {name: module.check for name, module in _MODULES.items()}
"""Guard name → its check, in the order of names."""
NARROWEST: Mapping[str, Scope] = {name: module.SCOPE for name, module in _MODULES.items()}
"""Guard name → the narrowest scope in which it speaks."""


def judge(message: Message, catalogue: Catalogue, guards: Mapping[str, Check] = GUARDS) -> tuple[Finding, ...]:
    """Every finding of every guard, in a total order; all guards of its scope run even after a block.

    A guard that raises blocks: an unchecked message is not a safe one.
    """
    findings: list[Finding] = []
    reach = SCOPES.index(message.scope)
    for name, check in guards.items():
        if SCOPES.index(NARROWEST.get(name, "copy")) > reach:
            continue
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
