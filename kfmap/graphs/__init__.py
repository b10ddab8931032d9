"""Graphs of who may call what: networkx graphs, their layout, and SVG, GraphML and DOT of them.

Pure. Imports permission and reading. Begin with `nodes.py` (what a node carries), then `ops.py` and
`objects.py`, which build the graphs; `layout.py` places them, `svg.py` draws.
"""
