"""Winnow without a screen: ingest, evidence, selection, mixtures, training and evaluation.

Importing this package loads nothing heavy: torch, transformers, lancedb and streamlit are imported where they are used.
"""

__version__ = "0.1.0"
