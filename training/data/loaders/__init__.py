"""One module for each data set, with its loader: found by the listing of this package."""
