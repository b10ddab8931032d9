"""The page of findings about a kernel's own registrations.

`findings.py` has the view, `load_findings.py` keeps what was found by facts.
"""
