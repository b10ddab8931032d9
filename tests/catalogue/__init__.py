"""Tests of kfmap.catalogue."""
