"""Encoded photo → pixels: the one preparation, used by training and by serving alike."""

from serving.photos.errors import BadPhoto
from serving.photos.preparation import PREPARATIONS, Shape, prepare

__all__ = ["PREPARATIONS", "BadPhoto", "Shape", "prepare"]
