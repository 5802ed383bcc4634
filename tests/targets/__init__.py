"""Exports read by trainers whose pins clash with ours, each in an environment of its own: `make test-targets`."""
