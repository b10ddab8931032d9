"""Tests of kfmap.accounts."""
