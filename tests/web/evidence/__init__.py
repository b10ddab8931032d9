"""Tests of kfmap.web.evidence."""
