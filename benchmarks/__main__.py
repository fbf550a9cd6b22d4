"""Run the benchmarks named, or all of them: `python -m benchmarks [--quick] [NAME ...]`."""

import argparse
import signal
import sys
from datetime import UTC, datetime
from importlib import import_module

import django

from benchmarks import timing
from benchmarks.house import temporary_house

NAMES = ("fields", "files", "keys", "list_page", "roster", "rules", "sweep")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description="Measure the product.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; without, all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that everything runs")
    asked = parser.parse_args(arguments)
    for name in asked.names:
        if name not in NAMES:
            parser.error(f"there is no benchmark {name}: use {', '.join(NAMES)}")
    # Ended from outside, it still stops its database and clears up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with temporary_house():
        django.setup()
        # Only now that the settings are known may models be loaded.
        server = import_module("benchmarks.tables").server()
        print(f"{datetime.now(UTC):%Y-%m-%d}. {timing.machine()}. {server}.")
        for name in asked.names or NAMES:
            for table in import_module(f"benchmarks.{name}").run(asked.quick):
                print(f"\n{table}", flush=True)
            print(f"\nAfter {name}: {timing.load()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
