"""Figures beside references measured in the same run: `python -m tests.benchmarks [name ...]`."""
