"""Ask a kernel yourself: the probe to download, its answers held against the map, and kept.

May import kfmap.web.shared and what lies under it. Begin reading at `probe.py`; `kept.py` has the
page of kept evidence, `differing.py` a cell with both reasons.
"""
