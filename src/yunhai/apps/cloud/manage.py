"""`python -m yunhai.apps.cloud.manage`: Django's own commands with the cloud's settings, for those who work on it."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunhai.apps.cloud.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
