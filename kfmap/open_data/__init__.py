"""The map as open data: the same tables as CSV, JSON, Parquet and one SQLite file, with a
dictionary.

Begin with `tables.py` (what the tables hold, and the dictionary), then `write.py`. Imports
`kfmap.reports.kernel_data` and what it rests on. The same kernels give the same bytes.
"""
