"""Judging published models: scores on any photos, drift of live photos, the table of results."""
