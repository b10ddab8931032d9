"""Tests of kfmap.probe."""
