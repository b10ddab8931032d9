"""The pages of the handbook: the Markdown files of `kfmap/docs/`, readable in the repository too.

`handbook.py` has the views, `pages.py` reads the files and renders them. Imports `shared` only.
"""
