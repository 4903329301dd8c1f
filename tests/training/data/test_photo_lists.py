import json
from pathlib import Path

import pytest

from tests.training.backbones import write_photos
from tests.training.data.loaders.test_image_folders import contents, load
from training.__main__ import main
from training.data.datasets import search_folders
from training.data.photo_lists import read_photo_list
from training.errors import TrainingError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", {"a": 12, "b": 12})


def rows(photos: Path, split: bool = False) -> list[dict[str, str]]:
    """Return the photos with labels, and one training, one validation and one test split."""
    found = []
    for label in ("a", "b"):
        for number in range(12):
            row = {"path": f"{label}/{number}.png", "label": f"класс {label}"}
            name = "test" if number > 9 else "Val" if number > 7 else "train"
            found.append({**row, "split": name} if split else row)
    return found


def write(
    path: Path, rows: list[dict[str, str]], delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    """Write a list in the format that the path's ending says."""
    lines = [json.dumps(row) for row in rows]
    if path.suffix.lower() == ".csv":
        table = [list(rows[0]), *(list(row.values()) for row in rows)]
        lines = [delimiter.join(values) for values in table]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path


@pytest.mark.parametrize("name", ["photos.csv", "photos.jsonl", "Photos.CSV"])
def test_a_list_gives_the_same_data_as_folders(photos: Path, name: str) -> None:
    data = load(write(photos / name, rows(photos)))

    assert data.labels == ("класс a", "класс b")
    assert data.damaged == data.notes == ()
    folders = load(photos)
    assert [contents(s.photos) for s in data.splits] == [contents(s.photos) for s in folders.splits]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_lists_as_excel_saves_them_are_read(photos: Path, delimiter: str, encoding: str) -> None:
    plain = [{"Label ": each["label"], "Note": "", " PATH": each["path"]} for each in rows(photos)]

    listed = read_photo_list(write(photos / "photos.csv", plain, delimiter, encoding))

    assert len(listed) == 24
    assert listed[0].label == "класс a"
    assert listed[0].source.read() == (photos / "a" / "0.png").read_bytes()


def test_paths_may_be_absolute_and_in_quotes(photos: Path, tmp_path: Path) -> None:
    quoted = [{**row, "path": f'"{photos / row["path"]}"'} for row in rows(photos)]

    assert len(read_photo_list(write(tmp_path / "list.csv", quoted))) == 24


@pytest.mark.parametrize("name", ["photos.csv", "photos.jsonl"])
def test_a_list_may_name_the_splits(photos: Path, name: str) -> None:
    data = load(write(photos / name, rows(photos, split=True)))

    assert [len(split) for split in data.splits] == [16, 4, 4]
    assert data.split_seed is None
    assert data.notes == ()


def test_a_missing_split_is_taken_from_the_training_photos(photos: Path) -> None:
    listed = [row for row in rows(photos, split=True) if row["split"] != "Val"]

    data = load(write(photos / "photos.csv", listed))

    assert data.notes == ("no photos for validation: 15% of the training photos are used for it",)
    assert len(data.test) == 4


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.csv", "file,label\na/1.png,a\n", "line 1: the columns are file, label; a list of"),
        ("l.csv", "", "lists no photos"),
        ("l.csv", "path,label\n", "lists no photos"),
        ("l.csv", "path,label\na/1.png,a\n\na/2.png,\n", "line 4: the label is empty"),
        ("l.csv", "path,label\n,a\n", "line 2: the path is empty"),
        ("l.csv", "path,label\na/1.png\n", "line 2: the label is empty"),
        ("l.csv", "path,label\na/1.png,a\u202e\n", "line 2: .* can't be a label"),
        (
            "l.csv",
            "path,label\na/1.png,a\nx,a\ny,b\n",
            "line 3: there is no file .*/x, and 1 more of",
        ),
        ("l.csv", "path,label,split\na/1.png,a,holdout\n", "line 2: unknown split 'holdout'"),
        ("l.csv", "path,label,split\na/1.png,a,test\nb/1.png,b,\n", "b/1.png has no split"),
        ("l.csv", "path,label,split\na/1.png,a,test\nb/1.png,b,val\n", "no photos for training"),
        ("l.csv", "path,label\na/1.png,a\na/2.png,a\na/3.png,a\n", "has only the class 'a'"),
        ("l.csv", "path,label\na/1.png,a\nb/1.png,b\n", "1 usable photo of 'a'; a split needs"),
        ("l.jsonl", '{"path": "a/1.png", "label": "a"}\n{"path"\n', "line 2 is not JSON"),
        ("l.jsonl", '\n["a/1.png", "a"]\n', "line 2: each line is an object"),
        ("l.jsonl", '{"path": "a/1.png"}\n', "line 1: each line is an object"),
        (
            "l.jsonl",
            '{"path": "a/1.png", "label": 3}\n',
            "line 1: the label is 3: write it as text",
        ),
        (
            "l.jsonl",
            '{"path": "a/1.png", "label": 0}\n',
            "line 1: the label is 0: write it as text",
        ),
        ("l.jsonl", f'{{"path": "{"x" * 300}", "label": "a"}}\n', "line 1: there is no file .*x"),
        ("l.txt", "a/1.png", "is not a folder or a .csv or .jsonl file"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_with_its_line(
    photos: Path, name: str, content: str, message: str
) -> None:
    (photos / name).write_text(content, "utf-8")

    with pytest.raises(TrainingError, match=message):
        load(photos / name)


def test_a_photo_listed_in_two_splits_is_not_trained_on(photos: Path) -> None:
    twice = {"path": "a/10.png", "label": "класс a", "split": "train"}

    data = load(write(photos / "photos.csv", [*rows(photos, split=True), twice]))

    assert data.damaged == ("a/10.png: a copy of a/10.png in the test split",)
    assert [len(split) for split in data.splits] == [16, 4, 4]


def test_a_list_that_is_not_utf8_is_refused(photos: Path) -> None:
    (photos / "l.csv").write_bytes("path,label\na/1.png,Käfer\n".encode("cp1252"))

    with pytest.raises(TrainingError, match=r"is not UTF-8 .* save it as UTF-8"):
        load(photos / "l.csv")


def test_the_command_line_takes_a_list(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(photos / "photos.csv", rows(photos))

    assert main(["show-data", "images-mobilenet", "--data", str(path)]) == 0
    assert "photos of класс a, класс b" in capsys.readouterr().out


def test_other_files_are_looked_for_beside_a_list(photos: Path) -> None:
    """Such as the weights of a backbone."""
    path = write(photos / "photos.csv", rows(photos))

    assert search_folders(path, "pretrained") == [photos, photos / "pretrained"]
