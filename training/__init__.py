"""Training: recipes in, published models out. `python -m training --help`."""
