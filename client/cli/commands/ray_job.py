"""`bulk` on a Ray cluster, with the option `--ray`."""

import argparse
import sys

from ...bulk import BulkError, Options
from ..tables import one_line


def run(arguments: argparse.Namespace, options: Options) -> int:
    """Run the job and return the exit status.

    Raises:
        BulkError: it can't begin.
    """
    for name in ("where", "sort_into", "dry_run"):
        if getattr(arguments, name):
            flag = "--" + name.replace("_", "-")
            raise BulkError(f"{flag} is for one machine: leave out {flag} or --ray")
    try:
        from ...bulk.ray_job import RayJob, RayJobFailed
    except ImportError as error:
        message = f"{error.name} is not installed: pip install 'photolabel[ray]'"
        raise BulkError(f"--ray: {message}") from None
    where = (arguments.url, arguments.model, arguments.folder, arguments.out)
    try:
        counts = RayJob(arguments.ray, *where, options).run()
    except RayJobFailed as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing is kept", file=sys.stderr)  # noqa: T201
        return 130
    total = sum(counts.values())
    print(f"{total} photos in {arguments.out}; {counts['failed']} bad")  # noqa: T201
    return 3 if counts["failed"] else 0
