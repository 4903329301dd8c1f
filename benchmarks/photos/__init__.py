"""Accuracy on photos: distorted test photos and real photos, posted to a gateway."""
