"""The common ground of the pages: their contract, the loaded map, links, cells, exports.

Begin with `page.py` and `kernel_map.py`. Imports no topic: what two topics need comes here.
"""
