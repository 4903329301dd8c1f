"""The last line of a command, for Kubernetes' termination message of a container.

Kubernetes shows what a container has written to this file in the pod's status, up to 4096 bytes
(https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
"""

import os
import sys
from pathlib import Path

from training.console import in_one_line

_VARIABLE = "PHOTOLABEL_TERMINATION_LOG"
_MOST_BYTES = 4096


def write_termination_message(text: str) -> None:
    """Write how a command ended to the file that PHOTOLABEL_TERMINATION_LOG names, if it is set.

    What can't be written is only said: the status of the command is what counts.
    """
    path = os.environ.get(_VARIABLE)
    if not path:
        return
    message = in_one_line(text).encode()[:_MOST_BYTES].decode(errors="ignore")
    try:
        Path(path).write_text(message, "utf-8")
    except OSError as error:
        sys.stderr.write(f"note: {_VARIABLE}={path} can't be written: {error.strerror}\n")
