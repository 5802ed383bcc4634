"""The store of record: Lance schemas, tables, evidence, keys and locks of a workspace.

`Store` reads and writes tables; `ids` makes keys; `evidence` keeps what producers say apart; `acts` keeps what people do.
"""

from __future__ import annotations

from core.store.tables import Store

__all__ = ["Store"]
