"""Training from Python: what `from training import train` and the like return.

One module for each function. Nothing is printed unless `progress=True`, results are pandas data
frames, and errors are those of `training.errors`.
"""
