import importlib.util
import io

import numpy as np
import pytest
from PIL import Image

from demo.samples import Sample, SampleError, cats


def test_garments_are_encoded_under_names_that_are_safe_as_files(
    garment_samples: list[Sample],
) -> None:
    assert [sample.name for sample in garment_samples][:2] == ["t-shirt-top.jpg", "trouser.jpg"]
    assert {sample.model for sample in garment_samples} == {"clothing"}
    for sample in garment_samples:
        with Image.open(io.BytesIO(sample.encoded)) as photo:
            assert photo.format == "JPEG"
        assert not set(sample.name) & set("/ ")


def test_the_cat_is_one_photo_as_it_is_and_mirrored() -> None:
    whole, mirrored = (
        np.asarray(Image.open(io.BytesIO(sample.encoded)).convert("RGB")) for sample in cats()
    )
    assert np.array_equal(mirrored, whole[:, ::-1])
    assert {(sample.model, sample.expected) for sample in cats()} == {("cats-dogs", "cat")}


def test_without_scikit_image_there_is_no_cat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SampleError, match="pip install scikit-image"):
        list(cats())
