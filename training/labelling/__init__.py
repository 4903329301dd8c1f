"""Which photos to label next: chosen from a model's answers, and laid out for a person to sort."""
