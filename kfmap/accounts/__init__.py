"""Accounts: signing in, one's own account, and the one-time link that creates the administrator.

Rows of its own, Django's users otherwise. May import the map's rows. Begin with `views.py`;
`sessions.py` finds who a request comes from, `sign_ins.py` knows where somebody is signed in,
`single_sign_on.py` who somebody from elsewhere is here, `second_factor.py` what a password is not
enough for.
"""
