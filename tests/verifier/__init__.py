"""Tests of verifier: reports, files, jobs, pages."""
