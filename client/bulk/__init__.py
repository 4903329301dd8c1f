"""Classify all photos of a folder tree; a run that was killed is resumed.

    from client.bulk import Options, classify_folder

    summary = classify_folder("http://127.0.0.1:8080", "clothing", "photos", "results.csv")
    print(summary.photos, summary.bad)

The command is `bulk`. See docs/bulk.md.
"""

from .errors import BulkError, Interrupted, ServerAway
from .run import Options, Summary, classify_folder

__all__ = ["BulkError", "Interrupted", "Options", "ServerAway", "Summary", "classify_folder"]
