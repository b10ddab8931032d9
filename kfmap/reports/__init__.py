"""Reports as documents: one structure, and one renderer per format (HTML, PDF, XLSX and others).

Begin with `document.py` (what a report is made of) and `formats.py` (the table of formats). What a
report says is built where its subject is known: of objects in `verifier.engine.reports`, of kernels
in `kfmap.web`. Imports `kfmap.graphs` and `kfmap.safe_text`; the same report gives the same bytes.
"""
