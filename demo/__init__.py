"""`python -m demo`: classify sample photos with both starter models on a local stack."""
