"""`python -m gateway.identity issue|revoke AGENCY`: the key is printed once and never again."""

from __future__ import annotations

import argparse
import asyncio
import sys

from casebus.events.topics import ADMIN
from casebus.settings import Settings
from gateway.identity import keys
from storage.operators import person_of


def main() -> None:
    parser = argparse.ArgumentParser(prog="gateway.identity", description=__doc__)
    parser.add_argument("command", choices=["issue", "revoke"])
    parser.add_argument("agency")
    parser.add_argument(
        "--label", default="", help="the purpose of the key; for an operator, the person's name"
    )
    given = parser.parse_args()
    url = Settings().database_url
    if given.command == "issue":
        if given.agency == ADMIN and not person_of(given.label):
            parser.error("--label must name the person of an operator's key")
        key = keys.generate()
        asyncio.run(keys.register(url, {given.agency: key}, label=given.label))
        sys.stdout.write(f"{key}\n")
    else:
        revoked = asyncio.run(keys.revoke(url, given.agency, label=given.label))
        sys.stdout.write(f"{revoked}\n")


if __name__ == "__main__":
    main()
