"""Webhooks: what happens in a space, sent to addresses that its maintainers name.

Begin with `models.py`: an event that was announced becomes a delivery of every webhook that wants
it. `deliver.py` sends what is due, signed (`signing.py`), to nothing but public addresses
(`targets.py`, `sending.py`). Imports verifier.jobs and rows, never pages.
"""
