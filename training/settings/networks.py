"""What a network is to a recipe, and the settings of pretrained backbones and their heads.

The other networks are modules of `training.networks`, each with its settings and layers.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

from training.settings.fields import Count, Fraction, NotNegative, settings

Tensor = Any  # Keras's symbolic tensor, of any backend.


class Network(ABC):
    """The architecture that a recipe trains: settings (`@settings`) and the layers they describe.

    Attributes:
        any_size: whether it takes photos of another size while fitting (`fit_size`).
    """

    any_size: ClassVar[bool] = True

    @abstractmethod
    def features(self, image: Tensor, folded: bool) -> Tensor:
        """Build the layers from pixels to the features that the last layer weighs.

        Import Keras in here, not in the module: listing recipes needs the settings alone.

        Args:
            image: symbolic, uint8 `[batch, height, width, channels]`.
            folded: with batch normalisation folded into the convolutions, as it is served.

        Returns:
            Symbolic, `[batch, features]`.
        """

    def shape_problem(self, shape: tuple[int, int, int]) -> str:
        """Return why it can't take photos of this height, width and channels; empty if it can.

        The text begins with the name of the setting that has to change.
        """
        return ""


@settings
class BackboneNetwork:
    """A network of `keras.applications` with pretrained weights, under a head of its own.

    Its features are computed once and cached; only the head is fitted, and what `FineTuning` says.
    """

    backbone: str = "MobileNet"
    """The network's name in `keras.applications`."""
    cut: str = ""
    """The layer whose output is the features; empty: the last one below the classifier."""
    weights: str = "imagenet"
    """`imagenet` (Keras downloads them), `random`, or a file of Keras weights: a path, or a name
    that is looked for where data sets are, also in the sub-folder `pretrained`."""
    alpha: NotNegative = 0.0
    """Width, for the MobileNets; 0: the backbone's own."""
    scaling: Literal["own", "255"] = "own"
    """`own`: as the backbone's `preprocess_input` scales pixels; `255`: divided by 255."""
    mirrored: bool = False
    """Also fit to the features of each mirrored photo."""
    varied: Count = 0
    """Also fit to the features of this many variations of each photo, made by `augmentation`."""


@settings
class Head:
    """The layers that turn the features of a backbone into probabilities."""

    pooling: Literal["average", "flatten"] = "average"
    """`average` over all positions, or `flatten`."""
    units: Count = 256
    """Width of a hidden layer of rectified units; 0: no hidden layer."""
    dropout: Fraction = 0.5
    """Fraction of the last features dropped while fitting."""
    output: Literal["softmax", "sigmoid"] = "softmax"
    """`softmax`, or `sigmoid`: one unit, for two classes; served as two columns."""


@settings
class FineTuning:
    """How the upper layers of a backbone are fitted, after its head.

    Batch normalisation keeps the averages that the weights came with.
    """

    after: str = ""
    """The last frozen layer; its output is cached, and the layers after it are fitted with the
    recipe's own epochs and learning rate."""
    head_epochs: Count = 5
    """Epochs in which the head alone is fitted first."""
    head_learning_rate: NotNegative = 0.001
    """Adam's learning rate in those epochs."""
