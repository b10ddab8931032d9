"""Edit the facts of a kernel and see which verdicts flip.

Pure: `edits.py` lists the edits, `apply.py` applies them, `flips.py` compares; `edit_json.py` is
how they are kept. Imports `kfmap.permission` and reading.
"""
