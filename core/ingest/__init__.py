"""Reading data sets into a workspace: files, records, images, quarantine.

`ingest` reads LLaVA JSON lists and JSON lines, `preview` shows what it would make of the first records, writing nothing.
"""

from __future__ import annotations

from core.ingest.load import ingest
from core.ingest.preview import preview
from core.ingest.settings import IngestReport, IngestSettings

__all__ = ["IngestReport", "IngestSettings", "ingest", "preview"]
