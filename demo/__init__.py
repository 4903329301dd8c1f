"""`python -m demo`: both starter models classify sample photos through the whole chain."""
