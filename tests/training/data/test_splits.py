import hashlib
from collections import Counter

import pytest

from training.data.splits import SPLITS, split_class, split_of

CONTENTS = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(4000)]


@pytest.mark.parametrize("split_seed", [1, 2, 77])
def test_70_15_15_of_the_photos_are_in_the_splits(split_seed: int) -> None:
    shares = Counter(split_of(content, split_seed) for content in CONTENTS)

    expected = {"training": 2800, "validation": 600, "test": 600}
    assert shares == {split: pytest.approx(count, abs=90) for split, count in expected.items()}


def test_the_splits_are_those_of_published_models() -> None:
    """Other splits would make test photos of those that published models were trained on."""
    firsts = [next(c for c in CONTENTS if split_of(c, 1) == split) for split in SPLITS]

    assert [CONTENTS.index(first) for first in firsts] == [0, 3, 5]


def test_seeds_split_independently() -> None:
    test = [content for content in CONTENTS if split_of(content, 1) == "test"]

    again = sum(split_of(content, 2) == "test" for content in test)
    assert again / len(test) == pytest.approx(0.15, abs=0.05)


def test_a_photo_keeps_its_split_when_others_come_and_go() -> None:
    many = split_class(CONTENTS, 1)

    assert many == {content: split_of(content, 1) for content in CONTENTS}
    assert split_class(CONTENTS[500:700], 1).items() < many.items()


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_no_split_of_a_small_class_is_empty(count: int) -> None:
    for start in range(0, 400, count):
        own = CONTENTS[start : start + count]
        found = split_class(own, 1)

        assert set(found.values()) == set(SPLITS)
        assert found == split_class(own[::-1], 1)


def test_an_empty_split_takes_only_the_photos_that_it_needs() -> None:
    training = [content for content in CONTENTS if split_of(content, 1) == "training"][:10]

    found = split_class(training, 1)

    assert Counter(found.values()) == {"training": 8, "validation": 1, "test": 1}


def test_only_the_splits_asked_for_are_made() -> None:
    found = split_class(CONTENTS, 1, ["training", "validation"])

    assert set(found.values()) == {"training", "validation"}
    assert all((split_of(c, 1) == "validation") == (found[c] == "validation") for c in CONTENTS)
