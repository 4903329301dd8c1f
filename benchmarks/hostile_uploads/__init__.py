"""Mutated and hostile uploads, and what they cost a gateway."""
