#!/usr/bin/env python
"""Run kfmap's commands from a checkout: the same as `kfmap` once it is installed."""

import sys

from kfmap.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
