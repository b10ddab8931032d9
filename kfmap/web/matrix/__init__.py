"""The page of a whole matrix, and the data that it is drawn from in the browser.

`matrix.py` has the views, `matrix_data.py` the data, and the plain table for readers without
scripts.
"""
