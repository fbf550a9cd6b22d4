#!/usr/bin/env python
"""Run an operator's command, under the least powerful database role that can do it."""

import os
import sys

from django.core.management import execute_from_command_line

from config import memory

OWNER = dict.fromkeys(
    (
        *("migrate", "makemigrations", "showmigrations", "sqlmigrate", "prepare", "serve"),
        *("backup", "restore", "restore_drill"),
    ),
    "owner",
)
WEB = dict.fromkeys(("setup_link", "seed_demo", "rekey"), "web")


def main() -> None:
    memory.close_memory()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("AMPARO_ROLE", (OWNER | WEB).get(command, "worker"))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
