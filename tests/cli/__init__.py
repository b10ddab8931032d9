"""Tests of the commands, as a shell runs them and as Django does."""
