"""Runs on disk: their folders and locks, their history and network; finding and listing them."""
