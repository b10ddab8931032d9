"""The version of everything that decides: matrices and verdicts are stored under it."""

# Raise it (by `python -m tests.engine_version`) whenever the same facts, or the same object on the
# same facts, would be answered with other cells, verdicts or sentences: what is stored under an
# older version is then decided again.
ENGINE_VERSION = 33
