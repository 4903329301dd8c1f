"""The command line: `photolabel classify MODEL PHOTO …`, `explain`, `models`, `bulk`."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        from .cli.program import run  # This takes a while, in which Ctrl-C may come.

        return run(argv)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
