"""What a recipe is: everything that decides how one model is trained, as plain values.

No framework is imported here: recipes are read, listed and overridden at once.
"""

from dataclasses import dataclass, field

from training.augmentation_settings import Augmentation, Snapshots


@dataclass(frozen=True)
class DenseNetwork:
    """Pixels scaled to [0, 1], flattened, one hidden layer of rectified units, softmax.

    Attributes:
        units: width of the hidden layer.
    """

    units: int = 128


@dataclass(frozen=True)
class ResidualNetwork:
    """3×3 convolutions with batch normalisation, residual blocks, global average pooling, softmax.

    The stem makes the image small before anything costly happens; a 2-core machine trains it.

    Attributes:
        stem: channels of the first convolutions.
        stem_strides: the stride of each of them.
        stages: channels of each stage, which begins with a convolution.
        stage_strides: the stride of that convolution.
        blocks: residual blocks (two convolutions each) of each stage.
        dropout: fraction of the pooled features dropped while fitting.
    """

    stem: tuple[int, ...] = (24, 32)
    stem_strides: tuple[int, ...] = (2, 2)
    stages: tuple[int, ...] = (64, 128, 128)
    stage_strides: tuple[int, ...] = (2, 2, 2)
    blocks: tuple[int, ...] = (1, 1, 1)
    dropout: float = 0.2


@dataclass(frozen=True)
class PatchNetwork:
    """The same small layer over each square of pixels, one hidden layer over all, softmax.

    Attributes:
        side: of the squares, in pixels; height and width are multiples of it.
        channels: what is found out about each square.
        units: width of the hidden layer.
    """

    side: int = 4
    channels: int = 64
    units: int = 128


@dataclass(frozen=True)
class WideNetwork:
    """A wide residual network: three stages of blocks that normalise before they convolve.

    Source: Zagoruyko and Komodakis, 2016, https://arxiv.org/abs/1605.07146.

    Attributes:
        stage_blocks: residual blocks of each stage; the paper's depth is 6 times as many and 4.
        width: the stages have 16, 32 and 64 times as many channels.
        dropout: between the two convolutions of a block.
    """

    stage_blocks: int = 2
    width: int = 8
    dropout: float = 0.0


@dataclass(frozen=True)
class BackboneNetwork:
    """A network of `keras.applications` with pretrained weights, under a head of its own.

    Its features are computed once and cached; only the head is fitted, and what `FineTuning` says.

    Attributes:
        backbone: the network's name in `keras.applications`, such as `MobileNet`.
        cut: the layer whose output are the features; empty: the last one below the classifier.
        weights: `imagenet` (Keras fetches them), `random`, or a file of Keras weights: a path, or
            a name that is looked for where data sets are, also in the sub-folder `pretrained`.
        alpha: width, for the MobileNets; 0: the backbone's own.
        scaling: `own`: as the backbone's `preprocess_input` scales pixels; `255`: divided by 255.
        mirrored: fit to the features of each mirrored photo as well.
        varied: fit to the features of so many variations of each photo as well, by the recipe's
            augmentation.
    """

    backbone: str = "MobileNet"
    cut: str = ""
    weights: str = "imagenet"
    alpha: float = 0.0
    scaling: str = "own"
    mirrored: bool = False
    varied: int = 0


Network = DenseNetwork | PatchNetwork | ResidualNetwork | WideNetwork | BackboneNetwork


@dataclass(frozen=True)
class Head:
    """What turns the features of a backbone into probabilities.

    Attributes:
        pooling: `average` over all places, or `flatten`.
        units: width of a hidden layer of rectified units; 0: none.
        dropout: fraction of the last features dropped while fitting.
        output: `softmax`, or `sigmoid`: one unit, for two classes; served as two columns.
    """

    pooling: str = "average"
    units: int = 256
    dropout: float = 0.5
    output: str = "softmax"


@dataclass(frozen=True)
class FineTuning:
    """How the upper layers of a backbone are fitted, once its head is.

    Batch normalisation keeps the averages that the weights came with.

    Attributes:
        after: the last layer that stays as it is; its output is cached, and what comes after it is
            fitted with the recipe's own epochs and learning rate.
        head_epochs: how long the head alone is fitted before.
        head_learning_rate: of Adam, for that.
    """

    after: str = ""
    head_epochs: int = 5
    head_learning_rate: float = 0.001


@dataclass(frozen=True)
class Recipe:
    """One system: what it trains, on what, with which numbers.

    Attributes:
        name: `<model>-<network>`.
        model: the name under which it is published.
        what: one line for people.
        expected: test accuracy and time, measured, with the hardware.
        published: what its authors report, a number and where it is from; empty for our own.
        floor: test accuracy below which a model is not published (`training.publishing.gate`).
        dataset: a key of `training.data.datasets.DATA_SETS`.
        preparation: the way from photo to pixels, as `serving.photos.preparation` names it.
        shape: height, width and channels of the model's input.
        network: the architecture.
        head: on the backbone; for a `BackboneNetwork` alone.
        fine_tuning: of the backbone; None: it stays as it is.
        augmentation: variation of the training photos.
        snapshots: further variation of some of them.
        split: which of the ways to split the photos, where the data set does not say so itself.
        seed: what first weights, dropout, order and augmentation are drawn from.
        held_out: fraction of the training photos kept for validation where the data set has no
            validation split of its own.
        epochs: passes over the training photos.
        batch_size: photos in a step.
        fit_size: height and width that photos are resized to while fitting; 0: the model's own. A
            random crop enlarges what it shows: fitted somewhat smaller, things have the size that
            they have in whole photos, and each step costs less (Touvron et al., 2019,
            https://arxiv.org/abs/1906.06423). For networks that pool globally.
        optimizer: `adam`, `adamw` or `sgd`.
        momentum: of `sgd`, Nesterov's; 0: plain.
        learning_rate: the largest one.
        schedule: `constant`, or `cosine`: falls to 0 at the end.
        warmup_epochs: the rate rises linearly for so long; cosine only.
        weight_decay: decoupled decay of kernels; `adamw` and `sgd` only.
        label_smoothing: probability spread over all classes in the target.
        averaging: the result is the moving average of the weights of all steps, in which each
            step's average counts so much for the next; 0: the last step's weights.
        steps_per_call: steps done in one call of the backend, which makes small ones cheaper.
        precision: `float32`, or `mixed_bfloat16` or `mixed_float16` (with a scaled loss) while
            fitting. Exported is always float32.
        recognition: the score that tells photos of the known kind from others, of
            `training.trust.ood_scores`; `none`: photos are not told apart.
        jit: whether XLA compiles the training step: `on`, `off`, or `auto`, as Keras thinks best:
            on GPUs and with JAX. What is exported is never compiled by it.
    """

    name: str
    model: str
    what: str
    expected: str
    dataset: str
    preparation: str
    shape: tuple[int, int, int]
    network: Network
    head: Head | None = None
    fine_tuning: FineTuning | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)
    snapshots: Snapshots | None = None
    published: str = ""
    floor: float = 0.0
    split: int = 1
    seed: int = 1
    held_out: float = 0.0
    epochs: int = 10
    batch_size: int = 64
    fit_size: int = 0
    optimizer: str = "adam"
    momentum: float = 0.0
    learning_rate: float = 0.001
    schedule: str = "constant"
    warmup_epochs: float = 0.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    averaging: float = 0.0
    steps_per_call: int = 1
    precision: str = "float32"
    recognition: str = "distance"
    jit: str = "auto"
