"""The tag of the system checks of settings."""

# Commands that serve no pages ask for these checks alone, which is faster.
SETTINGS_CHECKS = "kfmap"
