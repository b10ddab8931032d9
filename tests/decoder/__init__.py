"""Tests of the decoder: a corpus of log lines of our own, noise around them, and hostile text."""
