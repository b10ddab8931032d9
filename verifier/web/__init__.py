"""The pages of uploads, their results and reviews.

Begin with `urls.py` and `views.py`. Imports jobs, rows and the common ground of the map's pages.
"""
