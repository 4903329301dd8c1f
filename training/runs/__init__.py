"""Runs: their folders, what is kept in them, and how one is brought to its end."""
