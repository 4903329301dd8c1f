"""Runs on disk: their folders and locks, their history, their trained network."""
