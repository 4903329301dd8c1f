"""The command line: `python -m supply_chain licenses` and `python -m supply_chain sbom`."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from supply_chain.licenses import Licenses, problems, read_licenses
from supply_chain.lock_files import DISTRIBUTED
from supply_chain.sbom import SbomError, write_sbom


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    arguments = _parser().parse_args(argv)
    licenses = read_licenses()
    if found := list(problems(licenses)):
        print("\n".join(f"error: {each}" for each in found), file=sys.stderr)
        return 1
    if arguments.command == "licenses":
        _print(licenses)
        return 0
    try:
        for distributed in DISTRIBUTED:
            print(write_sbom(distributed, licenses, arguments.output))
    except (OSError, SbomError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _print(licenses: Licenses) -> None:
    width = max(map(len, licenses.packages))
    for name, license_ in sorted(licenses.packages.items()):
        print(f"{name:<{width}}  {license_}")
    print(f"\n{len(licenses.packages)} packages, all with licenses that are allowed:")
    for license_, number in Counter(licenses.packages.values()).most_common():
        print(f"{number:5}  {license_}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m supply_chain", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("licenses", help="check and list the licenses of all locked packages")
    sbom = commands.add_parser("sbom", help="write a CycloneDX bill of materials of each image")
    sbom.add_argument("--output", type=Path, default="dist/sbom", metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
