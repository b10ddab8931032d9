"""Tags of templates: the words of verdicts, and the lines of a kernel that a page names.

Begin with `verdict_words.py`; `places.py` turns file and line into a link to the source.
"""
