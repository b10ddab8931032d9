"""The wheel: what is in it, and that what it installs works away from the checkout."""
