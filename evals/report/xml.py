"""A run as JUnit XML, which CI systems show: a projection of the results without times or hosts, so that it can be diffed."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from evals.run import Run

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(run: Run, baseline: Run | None = None) -> str:
    """A failure per case that fails, an error per case that could not be measured."""
    suite = ElementTree.Element(
        "testsuite", name=run.suite, tests=str(len(run.results)), failures=str(run.count("fail")), errors=str(run.count("unscored")),
        skipped="0",
    )  # fmt: skip
    for result in run.results:
        case = ElementTree.SubElement(suite, "testcase", classname=run.suite, name=result.case)
        if result.status != "pass":
            kind = "failure" if result.status == "fail" else "error"
            told = ElementTree.SubElement(case, kind, message=_plain("; ".join(result.faults)))
            told.text = _plain("\n".join([result.why, *result.faults]))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _plain(text: str) -> str:
    """Without the control characters that XML can't hold."""
    return _FORBIDDEN.sub("", text)
