"""The order in which photos are worth a label."""

import random

from training.labelling.bulk_results import Answer
from training.labelling.order import at_random, in_rounds


def answer(name: str, guess: str, margin: float, recognized: bool | None = True) -> Answer:
    return Answer(name, guess, 0.5, margin, recognized)


ANSWERS = [
    *(answer(f"coat {n}", "coat", 0.01 * n) for n in range(10)),
    *(answer(f"strange coat {n}", "coat", 0.1 * n, recognized=False) for n in range(8)),
    answer("bag", "bag", 0.08),
    answer("sure bag", "bag", 0.99),
    answer("strange bag", "bag", 0.7, recognized=False),
]


def names(answers: list[Answer]) -> list[str]:
    return [each.image for each in in_rounds(answers)]


def test_each_round_takes_one_of_each_class_and_kind() -> None:
    assert names(ANSWERS)[:3] == ["strange coat 0", "strange bag", "coat 0"]
    assert names(ANSWERS)[3:5] == ["strange coat 1", "coat 1"]
    assert sorted(names(ANSWERS)) == sorted(each.image for each in ANSWERS)


def test_recognized_photos_of_which_the_model_is_sure_come_last() -> None:
    assert names(ANSWERS)[-6:] == ["coat 6", "bag", "coat 7", "sure bag", "coat 8", "coat 9"]


def test_the_order_depends_on_the_answers_alone() -> None:
    shuffled = random.Random(1).sample(ANSWERS, len(ANSWERS))

    assert names(shuffled) == names(ANSWERS)


def test_without_recognition_and_without_photos() -> None:
    unknown = [answer("b", "coat", 0.2, None), answer("a", "coat", 0.1, None)]

    assert names(unknown) == ["a", "b"]
    assert names([]) == []


def test_a_random_order_does_not_prefer_what_is_unsure() -> None:
    many = [answer(f"{n}.jpg", "coat", n / 1000) for n in range(1000)]

    found = at_random(many)

    assert 0.4 < sum(each.margin for each in found[:200]) / 200 < 0.6
    assert found == at_random(many[::-1])
