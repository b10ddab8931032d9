"""Random damage to what every parser reads: `python -m tests.fuzz`.

`parsers.py` names parsers with their seeds, `damage.py` breaks bytes and text, `running.py` tries
inputs in processes with limits. Objects have a deeper mutator of their own beside their tests.
"""
