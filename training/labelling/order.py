"""In which order a model's answers are worth a label."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import zip_longest
from statistics import median

from training.labelling.bulk_results import Answer


def in_rounds(answers: Sequence[Answer]) -> Iterator[Answer]:
    """Yield the answers that tell most first, spread over the classes.

    Each round takes, of each guessed label, one photo that is not recognized and one that is: of
    both kinds that with the smallest margin between the two most probable labels (margin sampling:
    Scheffer et al. 2001; Settles 2009, "Active Learning Literature Survey", section 3.1). So no
    class, and not what is not recognized alone, fills the list. Of the recognized photos, the half
    with the larger margins comes after all others. The order depends on the answers alone.
    """
    limit = median([each.margin for each in answers if each.recognized is not False] or [0.0])
    sure = [each for each in answers if each.recognized is not False and each.margin > limit]
    yield from _rounds(each for each in answers if each.recognized is False or each.margin <= limit)
    yield from _rounds(sure)


def at_random(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers in an order that depends on nothing but the names of the photos."""
    return sorted(
        answers, key=lambda each: sha256(each.image.encode(errors="surrogateescape")).digest()
    )


def _rounds(answers: Iterable[Answer]) -> Iterator[Answer]:
    queues: defaultdict[tuple[str, bool], list[Answer]] = defaultdict(list)
    for answer in sorted(answers, key=_unsure_first):
        queues[answer.guess, answer.recognized is False].append(answer)
    for taken in zip_longest(*queues.values()):
        yield from sorted((each for each in taken if each is not None), key=_unsure_first)


def _unsure_first(answer: Answer) -> tuple[bool, float, str]:
    return answer.recognized is not False, answer.margin, answer.image
