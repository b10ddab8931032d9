"""The page of one question: may this context call this kfunc on this kernel?

`question.py` has the views, `answer.py` what they show.
"""
