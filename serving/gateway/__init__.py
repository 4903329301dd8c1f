"""The HTTP service: photos in, probabilities out."""
