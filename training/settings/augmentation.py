"""How training photos are varied."""

from typing import Annotated

from pydantic import Field

from training.settings.fields import Count, Factor, Fraction, NotNegative, Share, settings


@settings
class Augmentation:
    """How each training photo is varied in each epoch; the defaults vary nothing."""

    flip: bool = False
    """Mirror half of the photos, left to right."""
    shift: Count = 0
    """Move by up to this many pixels each way; the edge's pixels are repeated."""
    crop_area: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The smallest fraction of the area that a random crop keeps; it is resized back."""
    crop_aspect: Factor = 1.0
    """A crop's width and height differ by up to this factor."""
    brightness: Factor = 1.0
    """Multiply all pixels by up to this factor, or divide them by it."""
    contrast: Fraction = 0.0
    """Scale the distance from the photo's mean by 1 ± up to this."""
    colour: Fraction = 0.0
    """Scale each channel by 1 ± up to this."""
    cutout: Count = 0
    """The side in pixels of a square, centred anywhere, that is filled with the photo's mean."""


@settings
class Snapshots:
    """Which training photos are made to look like a phone's, once they are prepared, and how.

    For gray photos of things on black (`training.data.snapshots`).
    """

    share: Share = 0.4
    """Fraction of the photos; other photos in each epoch."""
    worn: Share = 0.6
    """Fraction of those that are shown on a person; for Fashion-MNIST's garments."""
    turn: NotNegative = 8.0
    """Rotate by up to this many degrees each way."""
    zoom: NotNegative = 0.1
    """Enlarge or shrink by up to this factor's logarithm."""
    stretch: NotNegative = 0.1
    """Likewise, width against height."""
    gamma: NotNegative = 0.5
    """Raise the levels to a power of up to this logarithm."""
    gain: NotNegative = 0.3
    """Scale the levels by 1 ± up to this."""
    sharpness: NotNegative = 0.8
    """Blur or sharpen by up to this fraction of the difference from the mean of 3×3 pixels."""
    noisy: Share = 0.15
    """Fraction of the snapshots with noise."""
    noise: NotNegative = 14.0
    """The largest standard deviation of the noise, in levels."""
