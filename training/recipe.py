"""What a recipe is: everything that decides how one model is trained, as validated values.

No framework is imported here: recipes are read, listed and overridden within a moment.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, InstanceOf

from training.errors import UsageError
from training.settings import (
    AtLeastOne,
    Augmentation,
    BackboneNetwork,
    Count,
    FineTuning,
    Fraction,
    Head,
    Network,
    NotNegative,
    Snapshots,
    settings,
)

ANY_PHOTOS = "images"
"""The data set that is any folder of photos that `--data` names."""

DECAY_SHARE = 0.2
"""The paper of `warmup-stable-decay` recommends 10 to 20% of the training."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # Also of a folder.


@settings
class OwnPhotos:
    """A user's own photos, which a network is fitted to in addition to the data set."""

    photos: str = ""
    """A folder or zip file with a sub-folder for each class, or for some of them, named as the
    class; `other` for what is none of them. Empty: none."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Fraction of the photos of an epoch that are own ones, unless they are too few."""
    most: AtLeastOne = 10
    """Times that an own photo is in an epoch at most."""
    rehearsed: Count = 0
    """Photos of the data set in an epoch at most, other ones in each; 0: all."""


@settings
class Recipe:
    """One system: what it trains, on which data, with which hyperparameters.

    Raises:
        UsageError: a value is out of range, or would have no effect.
    """

    name: str
    """`<model>-<network>`."""
    model: str
    """The name under which it is published."""
    what: str
    """One line for people."""
    expected: str
    """Test accuracy and time, measured, with the hardware."""
    dataset: str
    """The name of a data set of `training.data.loaders`, or of the recipe's own file."""
    preparation: str
    """The way from photo to pixels, as `serving.photos.preparation` names it."""
    shape: tuple[AtLeastOne, AtLeastOne, AtLeastOne]
    """Height, width and channels of the model's input."""
    network: InstanceOf[Network] | BackboneNetwork
    """The architecture."""
    head: Head | None = None
    """On a backbone."""
    fine_tuning: FineTuning | None = None
    """Of a backbone; None: all of it is frozen."""
    augmentation: Augmentation = Augmentation()
    """Variation of the training photos."""
    snapshots: Snapshots | None = None
    """Further variation of some of them."""
    own: OwnPhotos = OwnPhotos()
    """Own photos in addition to the data set's."""
    reference_result: str = ""
    """What its authors report: an accuracy and on which photos; empty for our own recipes."""
    floor: Fraction = 0.0
    """Test accuracy below which a model is not published (`training.publishing.gate`)."""
    file: str = ""
    """The file that the recipe comes from, where it is not one of the project's."""
    file_digest: str = ""
    """A digest of what that file and the modules beside it that it imports do."""
    other: Literal["unknown", "class"] = "unknown"
    """What a folder `other` beside the folders of classes has: `unknown`, photos of none of the
    classes, which the model learns not to recognize; or `class`, a class like any other."""
    split_seed: AtLeastOne = 1
    """Which split of the photos, where the data set has no splits of its own."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    """What initial weights, dropout, order and augmentation are drawn from."""
    held_out: Fraction = 0.0
    """Fraction of the training photos kept for validation, where the data set has no validation
    split of its own."""
    epochs: AtLeastOne = 10
    """Passes over the training photos."""
    batch_size: AtLeastOne = 64
    """Photos in a step."""
    fit_size: Annotated[int, Field(ge=0)] = 0
    """Height and width that photos are resized to while fitting; 0: the model's own. A random crop
    enlarges what it shows: fitted somewhat smaller, things have the size that they have in whole
    photos, and each step costs less (Touvron et al., 2019, https://arxiv.org/abs/1906.06423). For
    networks that pool globally."""
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """`adam`, `adamw` or `sgd`."""
    momentum: Fraction = 0.0
    """Nesterov momentum of `sgd`; 0: plain."""
    learning_rate: NotNegative = 0.001
    """The largest one of the schedule."""
    schedule: Literal["constant", "cosine", "warmup-stable-decay"] = "constant"
    """`cosine` falls to 0 over all epochs; `warmup-stable-decay` is constant until the last ones,
    and falls to 0 in these: runs of different lengths share the epochs before (Hägele et al., 2024,
    https://arxiv.org/abs/2405.18392)."""
    warmup_epochs: NotNegative = 0.0
    """The rate rises linearly for this long; not with `constant`."""
    decay_share: Fraction = DECAY_SHARE
    """Fraction of the epochs in which the rate falls, at least one; `warmup-stable-decay` only."""
    weight_decay: NotNegative = 0.0
    """Decoupled decay of kernels; `adamw` and `sgd` only."""
    label_smoothing: Fraction = 0.0
    """Probability spread over all classes in the target."""
    averaging: Fraction = 0.0
    """Momentum of a moving average of the weights over all steps, which is the result; 0: the last
    step's weights."""
    kept_start: Fraction = 0.0
    """Share of the weights that the run starts from (`--from`) in its result, the mean of them and
    the fitted ones: it keeps what the start can do (WiSE-FT: Wortsman et al., 2022,
    https://arxiv.org/abs/2109.01903); 0: the fitted weights."""
    early_stopping: Count = 0
    """Epochs without a lower validation loss after which fitting ends. The weights of the epoch
    with the lowest one are then the result, also if it does not end early; 0: the last epoch's."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced`: in the loss, each class counts as much as any other, whatever its number of
    photos; `none`: each photo does."""
    steps_per_call: AtLeastOne = 1
    """Steps in one call of the backend, which makes small steps cheaper."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """While fitting; `mixed_float16` scales the loss. The exported model is always float32."""
    calibration: Literal["distance", "temperature"] = "distance"
    """`temperature`: logits are divided by one number, fitted on validation photos; `distance`: by
    one that rises with a photo's distance from the training photos, where that makes the
    probabilities of further photos better, else as with `temperature`
    (`training.trust.distance_temperature`). The distance is computed for `recognition`."""
    recognition: Literal[
        "distance", "feature-distance", "probability", "energy", "virtual-logit", "none"
    ] = "distance"
    """The score (`training.trust.ood_scores`) that separates photos of the known kind from others;
    `feature-distance` is for a backbone; `none`: photos are not separated."""
    jit: Literal["auto", "on", "off"] = "auto"
    """Whether XLA compiles the training step; `auto`: on GPUs and with JAX, as Keras decides. The
    exported model is never compiled by it."""

    def __post_init__(self) -> None:
        """Check what concerns several settings."""
        for what, name in (("recipe", self.name), ("model", self.model)):
            if not _NAME.fullmatch(name):
                raise UsageError(
                    f"a {what}'s name has letters, digits and . _ - only, not {name!r}"
                )
        for problem in (*self._without_effect(), *self._network_problems()):
            raise UsageError(problem)

    def _without_effect(self) -> Iterator[str]:
        if self.weight_decay and self.optimizer == "adam":
            yield "weight_decay has no effect with optimizer=adam: take adamw, or weight_decay=0"
        if self.momentum and self.optimizer != "sgd":
            yield f"momentum has no effect with optimizer={self.optimizer}: take sgd, or momentum=0"
        if self.warmup_epochs and self.schedule == "constant":
            yield (
                "warmup_epochs has no effect with schedule=constant: take cosine or"
                " warmup-stable-decay, or warmup_epochs=0"
            )
        if self.decay_share != DECAY_SHARE and self.schedule != "warmup-stable-decay":
            yield (
                f"decay_share has no effect with schedule={self.schedule}: take"
                f" warmup-stable-decay, or decay_share={DECAY_SHARE}"
            )
        if self.snapshots and self.shape[2] != 1:
            yield (
                f"snapshots are made of gray photos; those of {self.name} have {self.shape[2]}"
                " channels: use augmentation"
            )

    def _network_problems(self) -> Iterator[str]:
        if not isinstance(self.network, BackboneNetwork):
            if self.head or self.fine_tuning:
                part = "head" if self.head else "fine_tuning"
                yield f"{part} has no effect: it is for a BackboneNetwork"
            if self.recognition == "feature-distance":
                yield "recognition=feature-distance is for a BackboneNetwork: take distance"
            if self.fit_size and not self.network.any_size:
                yield f"{self.name} flattens its photos: its fit_size can only be 0"
            if problem := self.network.shape_problem(self.shape):
                yield f"network.{problem}"
            return
        if not self.head:
            yield "head is missing: a BackboneNetwork needs one"
        if self.fit_size:
            yield f"{self.name} fits to cached features: its fit_size can only be 0"
        if self.snapshots:
            yield "snapshots have no effect on a backbone, which fits to cached features"
        augmented = self.augmentation != Augmentation()
        if augmented and not self.network.varied:
            yield (
                "augmentation has no effect on a frozen backbone without variations: set"
                " network.varied to their number"
            )
        if self.network.varied and not augmented:
            yield "network.varied has no effect without augmentation"
