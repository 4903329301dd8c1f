"""From a trained network to a published version: gate, model card, SavedModel, checks."""
