"""Policies: what a team lets BPF objects do, beyond what the kernel permits.

A policy is a YAML file; `reading.py` turns its text into the values of `model.py` or says by line
what is wrong, `judging.py` holds a checked object against it, `gate.py` says what makes a CI run
fail. `policy.schema.json` is published. Begin with `model.py`.
"""
