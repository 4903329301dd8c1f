"""The names of studies, their folders and the addresses of their databases."""

from pathlib import Path

import pytest

from training.errors import UsageError
from training.experiments.study_folder import study_folder


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "..", "", " x", "a\nb", "x" * 81])
def test_a_name_stays_within_the_folder_of_experiments(name: str) -> None:
    with pytest.raises(UsageError, match="the name of a study is that of a folder too"):
        study_folder(name, None, None)


def test_names_may_have_spaces_and_umlauts() -> None:
    folder, storage = study_folder("größere Schichten 2", None, None)
    assert folder == Path("experiments", "größere Schichten 2")
    assert storage == f"sqlite:///{folder}/study.db"


def test_a_folder_that_the_address_would_cut_off_is_refused() -> None:
    with pytest.raises(UsageError, match="question mark"):
        study_folder("mine", "what?", None)


@pytest.mark.parametrize("storage", ["", "nonsense", "mysql://host/database"])
def test_an_address_is_checked_before_anything_is_loaded(storage: str) -> None:
    with pytest.raises(UsageError, match="--storage takes"):
        study_folder("mine", None, storage)
