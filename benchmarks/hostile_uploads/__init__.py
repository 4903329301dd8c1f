"""Mutated and hostile uploads: what they are, and what they do to a gateway."""
