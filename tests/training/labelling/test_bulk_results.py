"""The results of `bulk`, in all of its formats, and files that are something else."""

import csv
from pathlib import Path

import pytest

from tests.training.labelling.bulk_run import row, write_results
from training.errors import TrainingError
from training.labelling.bulk_results import Answer, read_results

ROWS = [
    row("a b/1.jpg", 0.75, 0.25, 0, recognized=False),
    row("2,;\n\\n\udcff.jpg", 0.125, 0.375, 0.5),
    row("3.jpg", 0.0, 0.5, 0.5, recognized=None),
    {"image": "4.jpg", "error": "it is broken"},
]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_format_has_the_same_answers(tmp_path: Path, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    found = read_results(write_results(tmp_path / f"results.{ending}", ROWS))

    assert found.labels == ("Bag", "Coat", "T-shirt/top")
    first, second, third, fourth = found.answers
    assert first == Answer("a b/1.jpg", "T-shirt/top", 0.75, 0.5, recognized=False)
    assert second.image == "2,;\n\\n\udcff.jpg"
    assert (second.guess, second.margin) == ("Bag", 0.125)
    assert (second.recognized, third.recognized, third.margin) == (True, None, 0)
    assert fourth == Answer("4.jpg", error="it is broken")


def test_a_folder_of_parquet_files_as_of_ray(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "labels.parquet").mkdir()
    for number in range(2):
        write_results(tmp_path / f"labels.parquet/{number}.parquet", [row(f"{number}", 1, 0, 0)])

    answers = read_results(tmp_path / "labels.parquet").answers

    assert {each.image for each in answers} == {"0", "1"}


def test_a_table_that_excel_has_saved_again(tmp_path: Path) -> None:
    path = write_results(tmp_path / "results.csv", [row("1.jpg", 0.7, 0.2, 0.1, recognized=False)])
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(
            [cell.replace("false", "FALSE") for cell in each] for each in rows
        )

    answer = read_results(path).answers[0]

    assert (answer.image, answer.recognized) == ("1.jpg", False)


HEADER = "image,label,probability,recognized,version,probabilities,error\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("results.txt", "", "end in .csv, .tsv, .jsonl, .parquet, but not results.txt"),
        ("results.csv", "", "its columns are missing"),
        ("results.csv", "path,label\na.jpg,Coat\n", "its columns are path, label"),
        ("results.csv", HEADER, "has no results"),
        ("results.csv", f"{HEADER}1.jpg,Coat,1,true,1,no,\n", "line 2 is not a result"),
        ("results.csv", f"{HEADER}1.jpg,Coat\n", "line 2 is not a result"),
        ("results.csv", f'{HEADER}1.jpg,Coat,1,,1,"{{""Coat"": 1}}",\n', "without --top 1"),
        ("results.csv", b"\xff\xfe\x00", "is not a result"),
        ("results.jsonl", "{}\n", "line 1 is not a result"),
        ("results.jsonl", "[1]\n", "line 1 is not a result"),
        ("results.jsonl", '{"image": 3, "label": "x", "probabilities": {}}', "its image is 3"),
        ("results.jsonl", '{"image": "a/../../b", "error": "x"}', "is not a path in the folder"),
        ("results.jsonl", '{"photolabel-bulk": 1}\n', "line 1 is not a result"),
        ("results.parquet", "PAR1", "results.parquet"),
    ],
)
def test_what_is_no_result_is_refused(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(TrainingError, match=message):
        read_results(path)
