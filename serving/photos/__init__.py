"""Encoded photo → pixels: the one preprocessing, shared by training and serving."""

import importlib
import pkgutil
import re

from serving.photos.errors import BadPhoto
from serving.photos.preparation import Shape, prepare
from serving.photos.registry import PREPARATIONS

__all__ = ["PREPARATIONS", "BadPhoto", "Shape", "prepare"]

# `garment/1` registers itself in `garment_v1.py`, and so on.
for _module in pkgutil.iter_modules(__path__):
    if re.search(r"_v\d+$", _module.name):
        importlib.import_module(f"{__name__}.{_module.name}")
