"""From a recipe to a published version: fit, evaluate, report, publish."""
