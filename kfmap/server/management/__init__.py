"""The command `up` as Django finds it."""
