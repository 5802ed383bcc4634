"""Progressive training of an exported mixture: plan, data, model, loop and checkpoints of a LLaVA-OneVision model.

A training run reads only its own folder; torch is imported by the modules that compute, never by this package.
"""
