"""Moves tenants' points from Timestream to DynamoDB, see "The day Timestream ends" in README.md:
tells the program that does it where both are, as a deployed stack has it.

    python migration.py PROGRAM TENANT ...
"""

from __future__ import annotations

import sys

from deployed import become

#: The stack's outputs that the program is told, by its variables.
OUTPUTS = {
    "TIDEMARK_POINTS_TABLE": "PointsTable",
    "TIDEMARK_CATALOG_TABLE": "CatalogTable",
    "TIDEMARK_TIMESTREAM_DATABASE": "TimestreamDatabase",
    "TIDEMARK_TIMESTREAM_TABLE": "TimestreamTable",
}


def main() -> None:
    """Becomes the program."""
    program, *tenants = sys.argv[1:] or sys.exit(__doc__)
    become(program, tenants, OUTPUTS, "points")


if __name__ == "__main__":
    main()
