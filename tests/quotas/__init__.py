"""Tests of kfmap.quotas."""
