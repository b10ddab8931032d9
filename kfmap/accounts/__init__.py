"""Accounts: signing in, and the one-time link that creates the administrator."""
