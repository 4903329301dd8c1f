"""How many pods, GPUs and CPUs a number of photos a second needs: `python -m serving.sizing`."""
