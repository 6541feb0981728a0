"""Files in, history out: canonical tables or a shop's own files through a mapping.

    sources  →  shaping   →  parsing   →  checking      →  writing
    bytes to    a shop's     words to     duplicates,      one transaction,
    a sheet     columns      values       references       only what changed

A row that cannot be kept goes to the quarantine file with its file, line, column, value and reason; the rest is kept.
"""

from __future__ import annotations

from retrieval.importing.mapping import Mapping, load_mapping, shipped_mappings
from retrieval.importing.report import FileCount, ImportReport, Progress, TableCount
from retrieval.importing.run import import_paths

__all__ = [
    "FileCount", "ImportReport", "Mapping", "Progress", "TableCount",
    "import_paths", "load_mapping", "shipped_mappings",
]  # fmt: skip
