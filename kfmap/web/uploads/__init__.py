"""The page of what uploads do on one kernel; uploads themselves are pages of `verifier.web`.

`kernel_uploads.py` has the views, `uploads_on_kernel.py` the questions to the rows.
"""
