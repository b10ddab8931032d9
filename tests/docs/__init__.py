"""Tests that the handbook says what is there, all of it and nothing else."""
