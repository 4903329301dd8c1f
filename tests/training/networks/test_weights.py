"""Where pretrained weights come from; the published files are stand-ins with random weights."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import backbone_of, tiny, with_network
from tests.training.file_server import Publisher, serving
from tests.training.keras_weights import NARROW_MOBILENET, mobilenet, part_of, write_keras_weights
from training.errors import TrainingError
from training.networks.pretrained import build
from training.networks.weights import WeightsFile, load_weights
from training.recipe import Recipe
from training.settings import BackboneNetwork

PUBLISHED = "https://storage.googleapis.com/tensorflow/keras-applications"


def narrow(cut: str = "conv_pw_3_relu") -> Recipe:
    return with_network(tiny(), weights="imagenet", cut=cut)


def write_narrow(path: Path, cut: str = "") -> keras.Model:
    """Write weights of the recipe's network, whole or cut, in the format of the file's name."""
    keras.utils.set_random_seed(len(str(path)))
    whole = mobilenet(32, 0.25)
    if not path.name.endswith(".weights.h5"):
        return write_keras_weights(path, whole)
    path.parent.mkdir(parents=True, exist_ok=True)
    part_of(whole, cut).save_weights(path)
    return whole


def same(found: keras.Model, expected: keras.Model) -> bool:
    pairs = zip(found.get_weights(), expected.get_weights(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(
    ("backbone", "side", "path", "digest"),
    [
        ("MobileNet", 32, "mobilenet/mobilenet_1_0_224_tf_no_top.h5", None),
        ("MobileNet", 160, "mobilenet/mobilenet_1_0_160_tf_no_top.h5", None),
        (
            "VGG16",
            32,
            "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "6d6bbae143d832006294945121d1f1fc",
        ),
        pytest.param(
            "InceptionV3",
            75,
            "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "bcbd6486424b2319ff4ef7d526e38f63",
            marks=pytest.mark.integration,
        ),
        pytest.param(
            "ResNet50",
            32,
            "resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "4d473c1dd8becc155b73f8504c6f6626",
            marks=pytest.mark.integration,
        ),
        pytest.param(
            "InceptionResNetV2",
            75,
            "inception_resnet_v2/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "d19885ff4a710c122648d3b5c3b684e4",
            marks=pytest.mark.integration,
        ),
        pytest.param(
            "ConvNeXtTiny",
            32,
            "convnext/convnext_tiny_notop.h5",
            "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
            marks=pytest.mark.integration,
        ),
    ],
)
def test_a_network_says_which_file_keras_publishes_for_it_and_takes_its_weights(
    tmp_path: Path, backbone: str, side: int, path: str, digest: str | None
) -> None:
    network = BackboneNetwork(backbone)
    whole, published = build(network, (side, side, 3))
    assert published is not None
    assert published.url == f"{PUBLISHED}/{path}"
    assert published.name == path.rpartition("/")[2]
    assert digest in (published.md5, published.sha256)

    file = tmp_path / "pretrained" / published.name
    expected = write_keras_weights(file, whole).get_weights()
    whole.set_weights([np.zeros(weight.shape) for weight in whole.weights])
    console = Console(file=io.StringIO())
    found = load_weights(network, whole, whole, published, tmp_path, console)

    assert all(map(np.array_equal, whole.get_weights(), expected))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found == WeightsFile(published.name, sha256)


def test_efficientnets_scale_their_input_as_with_imagenet_weights() -> None:
    """Keras builds another network for `weights=None`, and its file fits both."""
    whole, _ = build(BackboneNetwork("EfficientNetB0"), (32, 32, 3))

    assert [layer.__class__.__name__ for layer in whole.layers].count("Rescaling") == 2


@pytest.mark.parametrize(
    ("file", "cut"),
    [
        (f"data/{NARROW_MOBILENET}", ""),
        (f"data/pretrained/{NARROW_MOBILENET}", ""),
        (f"pretrained/{NARROW_MOBILENET}", ""),
        (f"keras/models/{NARROW_MOBILENET}", ""),
        (f"keras/models/{NARROW_MOBILENET}", "conv_pw_3_relu"),
    ],
)
def test_the_file_is_found_in_data_folders_and_in_kerass_cache(
    tmp_path: Path, file: str, cut: str
) -> None:
    (tmp_path / "data").mkdir()
    published = write_narrow(tmp_path / file)

    assert same(backbone_of(narrow(cut), tmp_path / "data").frozen, part_of(published, cut))


def test_weights_of_the_cut_network_fit_only_networks_with_that_cut(tmp_path: Path) -> None:
    cut_file = tmp_path / "MobileNet_v1-0.25.to_conv_pw_3.weights.h5"
    whole = write_narrow(cut_file, "conv_pw_3_relu")

    assert same(backbone_of(narrow(), tmp_path).frozen, part_of(whole, "conv_pw_3_relu"))
    with pytest.raises(TrainingError) as raised:
        backbone_of(narrow(cut=""), tmp_path)

    assert f"; {cut_file} does not hold weights of MobileNet (width 0.25): " in str(raised.value)


def test_the_published_file_comes_before_others_that_fit(tmp_path: Path) -> None:
    write_narrow(tmp_path / "mobilenet_0.weights.h5")
    published = write_narrow(tmp_path / NARROW_MOBILENET)
    write_narrow(tmp_path / "mobilenet_9.weights.h5")

    assert same(backbone_of(narrow(""), tmp_path).frozen, published)


def test_files_that_do_not_fit_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / NARROW_MOBILENET).write_bytes(b"not HDF5")
    write_keras_weights(tmp_path / "mobilenet_0_wide.h5", mobilenet(32, 0.5))
    fitting = write_narrow(tmp_path / "mobilenet_1.weights.h5")
    torn = tmp_path / "mobilenet_0_torn.weights.h5"
    torn.write_bytes((tmp_path / "mobilenet_1.weights.h5").read_bytes()[:-9000])

    assert same(backbone_of(narrow(""), tmp_path).frozen, fitting)


@pytest.mark.parametrize("name", ["mobilenet_v2_0.35_no_top.h5", "nomobilenet.h5", "mobilenet.txt"])
def test_files_of_other_names_are_not_tried(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(TrainingError) as raised:
        backbone_of(narrow(), tmp_path)

    assert name not in str(raised.value)


def test_what_is_not_at_hand_is_downloaded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = write_narrow(tmp_path / NARROW_MOBILENET)
    with serving(
        Publisher({NARROW_MOBILENET: (tmp_path / NARROW_MOBILENET).read_bytes()})
    ) as mirror:
        monkeypatch.setenv("PHOTOLABEL_MIRROR", mirror.url)
        (tmp_path / NARROW_MOBILENET).unlink()

        found = [backbone_of(narrow("")) for _ in range(2)]

    assert all(same(backbone.frozen, published) for backbone in found)
    assert len(mirror.requests) == 1


def test_a_download_that_does_not_fit_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Publisher({NARROW_MOBILENET: b"not HDF5"})) as mirror:
        monkeypatch.setenv("PHOTOLABEL_MIRROR", mirror.url)

        for _ in range(2):
            with pytest.raises(
                TrainingError, match=f"{NARROW_MOBILENET} does not hold weights of Mobile"
            ):
                backbone_of(narrow())

    assert len(mirror.requests) == 2


def test_a_file_in_kerass_cache_with_another_hash_is_passed_over(tmp_path: Path) -> None:
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    kept = tmp_path / "keras" / "models" / name
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"another file")

    with pytest.raises(TrainingError, match=f"; {kept} does not hold .*: its md5 is .*, not 6d6b"):
        backbone_of(replace(tiny(), network=BackboneNetwork("VGG16")))


def test_without_weights_the_error_says_what_to_fetch_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrainingError) as raised:
        backbone_of(narrow(), tmp_path)

    message = str(raised.value)
    target = tmp_path / "cache" / "downloads" / "pretrained" / NARROW_MOBILENET
    assert message.startswith("no ImageNet weights of MobileNet: cannot download http://127.0.0.1")
    assert f"published as {PUBLISHED}/mobilenet/{NARROW_MOBILENET}, " in message
    assert message.endswith(f"put it at {target}")
    monkeypatch.setenv("PHOTOLABEL_MIRROR", "http://127.0.0.1:9")
    published = write_narrow(target)
    assert same(backbone_of(narrow("")).frozen, published)
