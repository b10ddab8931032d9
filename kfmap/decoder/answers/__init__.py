"""What to say to a message, one module per stage: a table from kinds to functions in each.

A function gets the message and what it is asked of, and gives an `Explanation`. Cells are answered
by kfmap.permission.outcome and by nothing else.
"""
