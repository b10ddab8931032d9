"""`python -m kfmap.cli`: the same as `kfmap`, from a checkout."""

import sys

from kfmap.cli.main import main

sys.exit(main())
