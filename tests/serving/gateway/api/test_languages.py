"""The web page in its languages: which one is chosen, and that their files are complete."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serving import http_errors
from serving.gateway.api import heat_map, languages
from serving.photos import errors as photo_errors

STATIC = Path(heat_map.__file__).parents[1] / "static"
FILES = sorted(languages.FOLDER.glob("*.json"))
MAX_PAGE_BYTES = 60_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "languages"
    shutil.copytree(languages.FOLDER, copy)
    monkeypatch.setattr(languages, "FOLDER", copy)
    return copy


@pytest.mark.parametrize(
    ("address", "accepted", "code"),
    [
        ("/", None, "en"),
        ("/", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("/", "de", "en"),
        ("/", "en,ru", "en"),
        ("/?lang=ru", "en", "ru"),
        ("/?lang=xx", "ru", "ru"),
        ("/?lang=../en", None, "en"),
    ],
)
def test_the_language_of_the_page(
    client: FlaskClient, address: str, accepted: str | None, code: str
) -> None:
    response = client.get(address, headers={"Accept-Language": accepted} if accepted else {})
    assert response.headers["Content-Language"] == code
    assert response.headers["Vary"] == "Accept-Language"
    assert f'<html lang="{code}">' in response.text
    assert ("Выберите фотографии" in response.text) == (code == "ru")


def test_an_unchanged_page_is_not_sent_again(client: FlaskClient) -> None:
    for address in ("/", "/web/languages/ru.json"):
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    other = client.get("/?lang=ru", headers={"If-None-Match": client.get("/").headers["ETag"]})
    assert other.status_code == 200


def test_a_third_language_is_a_file(client: FlaskClient, folder: Path) -> None:
    texts = {"_name": "Deutsch", "_classes": {"Shirt": "Hemd"}, "choose": "Fotos wählen"}
    (folder / "de.json").write_text(json.dumps(texts))
    page = client.get("/", headers={"Accept-Language": "de-AT"}).text
    assert '<html lang="de">' in page
    assert "Fotos wählen" in page
    assert "API documentation" in page  # What the file lacks is in English.
    assert re.findall(r'hreflang="(\w+)"', page) == ["en", "de", "ru"]
    sent = client.get("/web/languages/de.json").get_json()
    assert (sent["choose"], sent["copy"], sent["_classes"]) == (
        "Fotos wählen",
        "Copy",
        {"Shirt": "Hemd"},
    )


@pytest.mark.parametrize("content", ["{", "[]", "5", '{"_classes": [1]}'])
def test_an_invalid_file_is_left_out(client: FlaskClient, folder: Path, content: str) -> None:
    (folder / "de.json").write_text(content)
    response = client.get("/", headers={"Accept-Language": "de"})
    assert response.status_code == 200
    assert response.headers["Content-Language"] == "en"
    assert client.get("/web/languages/de.json").status_code == 404


@pytest.mark.parametrize("text", [None, 5, ["x"], "{", "}", "{0}", "{}", "{model.name}", "{other}"])
def test_a_text_that_can_t_be_filled_in_is_in_english(
    client: FlaskClient, folder: Path, text: object
) -> None:
    texts = {"_classes": {"shirt": text}, "choose": text, "model_title": text, "_name": text}
    (folder / "de.json").write_text(json.dumps({**texts, "copy": "Kopieren"}))
    pages = [client.get(f"{path}?lang=de") for path in ("/", "/models/clothing")]
    assert [page.status_code for page in pages] == [200, 200]
    assert "Choose photos" in pages[0].text
    assert "The model clothing" in pages[1].text
    assert client.get("/web/languages/de.json").get_json()["copy"] == "Kopieren"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_languages_have_the_same_texts(file: Path) -> None:
    english = json.loads((languages.FOLDER / "en.json").read_text("utf-8"))
    texts = json.loads(file.read_text("utf-8"))
    assert set(texts) == set(english)
    assert set(texts.pop("_classes")) == set(english.pop("_classes"))
    for key, text in texts.items():
        assert set(re.findall(r"{\w*}", text)) == set(re.findall(r"{\w*}", english[key])), key


def test_texts_and_classes() -> None:
    russian = languages.find_language("ru")
    assert russian
    assert russian.text("remove", photo="a.jpg") == "Убрать a.jpg"
    assert russian.class_name("Trouser") == "брюки"
    assert russian.class_name("gloves") == "gloves"


def test_every_error_has_its_title() -> None:
    english = languages.find_language("en")
    assert english
    kinds = dict(_kinds(http_errors.PhotolabelError))
    assert photo_errors.DamagedPhoto.slug in kinds
    for slug, title in kinds.items():
        assert english.text(f"error.{slug}") == title


def _kinds(kind: type[http_errors.PhotolabelError]) -> Iterator[tuple[str, str]]:
    for each in kind.__subclasses__():
        if "slug" in vars(each) and each.__module__.startswith("serving."):
            yield each.slug, each.title
        yield from _kinds(each)


def test_the_scripts_use_texts_that_exist() -> None:
    english = json.loads((languages.FOLDER / "en.json").read_text("utf-8"))
    for script in STATIC.glob("*.js"):
        used = re.findall(r'\btext\("(\w+)"', script.read_text("utf-8"))
        assert set(used) <= set(english), script.name


def test_every_text_is_used() -> None:
    gateway = STATIC.parent
    sources = [*STATIC.glob("*.js"), *gateway.glob("templates/*.html"), *gateway.glob("api/*.py")]
    named = set(re.findall(r"""["'\s{](\w+)["':`]""", "".join(map(Path.read_text, sources))))
    named |= {f"{key}_detail" for key in ("empty", "unreadable", "unreachable", "unexpected")}
    english = json.loads((languages.FOLDER / "en.json").read_text("utf-8"))
    assert {key for key in english if "error." not in key} <= named


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_page_is_small(client: FlaskClient, file: Path) -> None:
    page = client.get(f"/?lang={file.stem}")
    links = {*re.findall(r'"(web/[^"]+)"', page.text), f"web/languages/{file.name}"}
    total = len(page.data)
    for link in links:
        with client.get(f"/{link}") as response:
            assert response.status_code == 200
            total += len(response.get_data())
    scripts = [STATIC / link.removeprefix("web/") for link in links if link.endswith(".js")]
    texts = "".join(script.read_text("utf-8") for script in scripts)
    imported = re.findall(r'from "\./([^"]+)"', texts)
    assert {f"web/{name}" for name in imported} <= links  # Nothing is left out of the sum.
    assert total <= MAX_PAGE_BYTES


def test_heat_maps_have_the_colours_of_the_api() -> None:
    stops = re.findall(r"\[(\d+), (\d+), (\d+)\]", (STATIC / "heat.js").read_text("utf-8"))
    assert tuple(tuple(map(int, stop)) for stop in stops) == heat_map._COLOURS
