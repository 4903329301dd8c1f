"""How training photos are varied, as plain values of a recipe. No framework is imported here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """How each training photo is varied in each epoch; the defaults vary nothing.

    Attributes:
        flip: mirror half of the photos, left to right.
        shift: move by up to this many pixels each way; what comes in is the edge's pixels.
        crop_area: the smallest fraction of the area that a random crop keeps; it is resized back.
        crop_aspect: a crop's width and height differ by up to this factor.
        brightness: scale all pixels by up to this factor, or divide them by it.
        contrast: scale the distance from the photo's mean by 1 ± up to this.
        colour: scale each channel by 1 ± up to this.
        cutout: the side in pixels of a square, centred anywhere, that becomes the photo's mean.
    """

    flip: bool = False
    shift: int = 0
    crop_area: float = 1.0
    crop_aspect: float = 1.0
    brightness: float = 1.0
    contrast: float = 0.0
    colour: float = 0.0
    cutout: int = 0


@dataclass(frozen=True)
class Snapshots:
    """How some of the training photos are made to look as snapshots do, once they are prepared.

    For gray photos of things on black (`training.data.snapshots`).

    Attributes:
        share: fraction of the photos, each epoch others.
        worn: fraction of those that somebody then wears; for Fashion-MNIST's garments.
        turn: by up to so many degrees each way.
        zoom: enlarge or shrink by up to this factor's logarithm.
        stretch: likewise, width against height.
        gamma: bend the levels by an exponent of up to this logarithm.
        gain: scale the levels by 1 ± up to this.
        sharpness: blur or sharpen by up to so much of the difference from the mean of 3×3 pixels.
        noisy: fraction of the snapshots with noise.
        noise: its largest standard deviation, in levels.
    """

    share: float = 0.4
    worn: float = 0.6
    turn: float = 8.0
    zoom: float = 0.1
    stretch: float = 0.1
    gamma: float = 0.5
    gain: float = 0.3
    sharpness: float = 0.8
    noisy: float = 0.15
    noise: float = 14.0
