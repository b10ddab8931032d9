"""Ask a kernel yourself: the probe to download, and its answers held against the map.

May import kfmap.web.shared and what lies under it. Begin reading at `probe.py`.
"""
