"""The report of a sweep."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.experiments.report import frames
from tests.training.experiments.report.frames import ABOUT, EPOCHS, OWN, UNITS, trial
from tests.training.experiments.report.pages import check_page
from training.experiments.factors import Factor, Goal, setting, variants
from training.experiments.report import About, write_sweep_report
from training.experiments.report.plots import Plot, Row

HOSTILE = "<script>alert(1)</script> & $x_"


def write_typical(folder: Path) -> None:
    failed = trial(4, None, epochs="75", reason="the disk is full", **{"network.units": "40"})
    trials = pd.concat([frames.one_at_a_time(), pd.DataFrame([failed])])
    chosen = {"epochs": "75", "network.units": "30"}
    final = frames.final(0.88, 0.9)
    notes = ["1 trial was taken over."]
    write_sweep_report(folder, ABOUT, trials, (EPOCHS, UNITS), final, chosen, notes, own=OWN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a typical report."""
    folder = tmp_path_factory.mktemp("sweep") / "deeper"
    write_typical(folder)
    return folder


@pytest.fixture
def only_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no PNG files: each picture is drawn for the page already."""
    for kind in (Plot, Row):
        monkeypatch.setattr(kind, "write", lambda picture, folder: None)


def test_the_page_says_what_was_asked_and_the_answer(folder: Path) -> None:
    text = check_page(folder / "report.html")

    assert "5 trials, one factor at a time, the others as in the recipe" in text
    assert "epochs 50 / 75; network.units 10 / 20 / 30" in text
    assert "epochs=75, network.units=30 Trial #3 has a validation accuracy of 53.00%" in text
    assert "Trained with the seeds 0, 1, 89.00% of the test photos are right on average" in text
    assert "(95% interval for the choice of photos 87.00% to 91.00%)" in text
    assert "looked at once, at the end, for this setting only" in text
    assert "1 trial was taken over." in text


def test_the_page_lists_all_trials_best_first_and_why_others_failed(folder: Path) -> None:
    text = check_page(folder / "report.html")

    numbers = [text.rindex(f"run-{number}") for number in (3, 2, 1, 0)]
    assert numbers == sorted(numbers)
    assert "#4 75 40 failed the disk is full" in text


def test_the_page_says_how_to_repeat_it(folder: Path) -> None:
    text = check_page(folder / "report.html")

    for fact in (ABOUT.command, ABOUT.commit, ABOUT.data, ABOUT.machine, "3, 4", "1 h 1 min"):
        assert fact in text
    assert "keras 3.15.1" in text


def test_pictures_and_tables_lie_beside_the_page(folder: Path) -> None:
    files = {path.name for path in folder.iterdir()}

    assert files == {
        "report.html",
        "trials.csv",
        "final.csv",
        "effect-epochs.png",
        "effect-network-units.png",
        "accuracy-by-time.png",
        "parallel-coordinates.png",
    }
    page = (folder / "report.html").read_text("utf-8")
    assert all(f"<code>{name}</code>" in page for name in files - {"report.html"})
    assert page.count("<svg") == 2 * 3 + 2


def test_the_same_data_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    write_typical(tmp_path)

    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("only_pages")
def test_labels_are_escaped(tmp_path: Path) -> None:
    factors = (
        variants(HOSTILE, {f"{n} {HOSTILE} {'long' * 30}": () for n in range(3)}),
        setting("seed", 1, 2),
    )
    trials = frames.grid(*factors)
    trials["reason"] = trials["run"] = HOSTILE
    about = About(title=HOSTILE, command=HOSTILE)
    page = write_sweep_report(tmp_path, about, trials, factors, None, {}, [HOSTILE])

    text = check_page(page)
    assert "<script" not in page.read_text("utf-8")
    assert text.startswith(HOSTILE)


SEARCHED = (Factor("learning_rate", ()), Factor("dropout", ()), Factor("optimizer", ()))


def search(trials: int) -> pd.DataFrame:
    """Return a search in which the learning rate alone decides; every third trial is pruned."""
    random = np.random.default_rng(0)
    rates = 10 ** random.uniform(-5, -1, trials)
    rows = [
        trial(
            number,
            0.9 - 0.02 * (np.log10(rate) + 3) ** 2,
            learning_rate=rate,
            dropout=random.uniform(),
            optimizer=str(random.choice(["adam", "sgd"])),
            state="pruned" if number % 3 == 2 else "done",
            reason="hopeless after epoch 4" if number % 3 == 2 else "",
        )
        for number, rate in enumerate(rates)
    ]
    return pd.DataFrame(rows)


def test_a_search_has_its_course_and_the_importance_of_settings(tmp_path: Path) -> None:
    trials = search(40)
    best = trials[trials["state"] == "done"].sort_values("validation_loss").iloc[0]
    chosen = {name: str(best[name]) for name in ("learning_rate", "dropout", "optimizer")}
    page = write_sweep_report(
        tmp_path, ABOUT, trials, SEARCHED, None, chosen, goal="validation_loss"
    )

    text = check_page(page)
    assert "the lowest validation loss? 40 trials, a search in ranges: learning_rate from" in text
    assert f"Trial #{best['number']} has" in text
    assert "The test photos have not been looked at." in text
    assert "hopeless after epoch 4" in text
    assert {"history.png", "importance.png"} <= {path.name for path in tmp_path.iterdir()}


ODD = {
    "no trials": frames.grid(EPOCHS).iloc[:0],
    "none finished": pd.DataFrame([trial(0, None, epochs="50", reason="disk full")]),
    "one trial": pd.DataFrame([trial(0, 0.5, epochs="50")]),
    "a loss that is no number": pd.DataFrame(
        [trial(n, 0.5, epochs=epochs, validation_loss=np.nan) for n, epochs in enumerate("12")]
    ),
    "an infinite loss": pd.DataFrame(
        [trial(n, 0.5 + n / 9, epochs=str(n), validation_loss=np.inf) for n in range(2)]
    ),
    "equal figures": pd.DataFrame([trial(n, 0.5, epochs=str(n), seconds=0.0) for n in range(9)]),
}


@pytest.mark.usefixtures("only_pages")
@pytest.mark.parametrize(
    ("case", "goal"),
    [
        *((case, "validation_accuracy") for case in ODD),
        *((case, "validation_loss") for case in ODD if "loss" in case),
    ],
)
def test_odd_studies_have_a_page_too(case: str, goal: Goal, tmp_path: Path) -> None:
    trials = ODD[case]
    factors = (setting("epochs", *sorted(set(trials["epochs"]))),)
    text = check_page(write_sweep_report(tmp_path, ABOUT, trials, factors, None, {}, goal=goal))
    assert "No answer yet" in text


@pytest.mark.usefixtures("only_pages")
def test_a_chosen_setting_that_has_no_finished_trial_is_named(tmp_path: Path) -> None:
    trials = frames.grid(EPOCHS)
    text = check_page(
        write_sweep_report(tmp_path, ABOUT, trials, (EPOCHS,), None, {"epochs": "99"})
    )

    assert "epochs=99 The test photos have not been looked at." in text
