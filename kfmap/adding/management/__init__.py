"""The command that adds a kernel, as Django finds it."""
