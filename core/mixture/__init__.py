"""Mixtures: selections assigned to stages by a recipe, what they hold and cost, and their export to trainers.

A recipe is plain values in YAML; `mixture.resolve` turns it into sample ids, `export.export` into files.
"""
