"""Is A better than B? Recipes on the same random splits, published versions on the same photos."""
