"""Labels by the names of folders."""

import pytest

from training.data.label_names import is_other, label_index
from training.data.loaders.fashion_mnist import LABELS


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("T-shirt_top", "T-shirt/top"),
        ("t-shirt top", "T-shirt/top"),
        ("Ankle_boot", "Ankle boot"),
        ("ankle-boots", "Ankle boot"),
        ("DRESS", "Dress"),
        ("dresses", "Dress"),
    ],
)
def test_folders_name_labels_without_what_a_folder_cannot_have(name: str, label: str) -> None:
    assert label_index(name, LABELS) == LABELS.index(label)


def test_plurals_are_understood_both_ways() -> None:
    assert label_index("Cats", ("cat", "dog")) == 0
    assert label_index("rose", ("tulips", "roses")) == 1
    assert label_index("dress", ("coats", "dresses")) == 1
    assert label_index("glasses", ("glass", "glas")) == 0


@pytest.mark.parametrize("name", ["Hat", "", "-", "Shirt top"])
def test_other_names_are_no_labels(name: str) -> None:
    assert label_index(name, LABELS) is None


def test_labels_that_are_alike_need_their_exact_names() -> None:
    alike = ("C", "C++", "c")

    assert [label_index(name, alike) for name in ("C", "C++", "c", "C#")] == [0, 1, 2, None]


def test_other_is_none_of_the_classes_unless_it_is_one() -> None:
    assert is_other("Other", LABELS)
    assert is_other("others", LABELS)
    assert not is_other("Shirt", LABELS)
    assert not is_other("other", ("roses", "other"))
