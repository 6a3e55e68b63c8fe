"""Makes, lists and revokes the API keys of a deployed stack: tells the program that does it where
they are.

    python api_keys.py PROGRAM create|list|revoke ...
"""

from __future__ import annotations

import os
import sys

from deployed import become

#: The stack's output that the program is told, by its variable.
OUTPUTS = {"TIDEMARK_KEYS_TABLE": "KeysTable"}


def main() -> None:
    """Becomes the program."""
    program, *arguments = sys.argv[1:] or sys.exit(__doc__)
    if not arguments or {"-h", "--help"} & set(arguments):
        # For that no stack need be there.
        os.execv(program, [program, *arguments])
    become(program, arguments, OUTPUTS, "keys")


if __name__ == "__main__":
    main()
