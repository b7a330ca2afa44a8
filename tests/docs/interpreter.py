"""Executes code as it comes: a line of JSON in, a line of JSON (what it printed, what it raised) out."""

import contextlib
import io
import json
import sys
import traceback
from typing import Any


def main() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin:
        printed, raised = io.StringIO(), ""
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(json.loads(line), "the page", "exec"), names)  # noqa: S102 - that is what it is for
            except (Exception, SystemExit):  # noqa: BLE001 - whatever it is, the page's reader is told
                raised = traceback.format_exc()
        sys.stdout.write(json.dumps([printed.getvalue(), raised]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
