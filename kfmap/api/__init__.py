"""The JSON API under /api/: the answers of pages and commands for programs.

Begin with `views.py`; `serializers.py` says what is taken and given, `page.py` shows the same to
people. Imports rows, jobs and judging, never pages: what both need belongs into a lower room.
"""
