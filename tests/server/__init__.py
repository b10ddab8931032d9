"""Tests of kfmap.server: settings, checks, `up` as a process."""
