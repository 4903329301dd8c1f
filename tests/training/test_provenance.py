"""Digests of the code: of what it does, not of how it is written."""

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from training import provenance
from training.provenance import code_digest, imported, source_digest


def text_digest(source: str) -> str:
    return provenance.text_digest(source.encode())


CODE = '''"""A module."""

import math

LIMIT = 3


def area(radius: float, scale: float = 1.0) -> float:
    """Return the area."""
    # Not the circumference.
    if radius > LIMIT:
        raise ValueError(f"{radius} is too large")
    squared: float = radius**2
    return math.pi * squared * scale
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Return the area."""', '"""Return the area of a circle."""'),
        ('"""A module."""\n', ""),
        ("# Not the circumference.", "# Another comment."),
        ("radius: float,", "radius: int,"),
        (" -> float:", " -> object:"),
        ("squared: float", "squared: object"),
        ("import math\n\nLIMIT", "import math\nLIMIT"),
        ('f"{radius} is too large"', '"That is too large"'),
    ],
)
def test_what_has_no_effect_is_not_in_the_digest(old: str, new: str) -> None:
    assert old in CODE
    assert text_digest(CODE.replace(old, new)) == text_digest(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("scale: float = 1.0", "scale: float = 2.0"),
        ("radius**2", "radius**3"),
        ("raise ValueError(", "raise TypeError("),
        ("import math", "import numpy as math"),
        ("return math.pi", "return 2 * math.pi"),
    ],
)
def test_what_has_an_effect_is_in_the_digest(old: str, new: str) -> None:
    assert old in CODE
    assert text_digest(CODE.replace(old, new)) != text_digest(CODE)


def test_a_settings_class_keeps_its_defaults_in_the_digest() -> None:
    """Only bounds and descriptions are left out."""
    field = 'class Settings:\n    rate: Annotated[float, Field(ge=0)] = 0.5\n    """The rate."""\n'
    assert text_digest(field.replace("ge=0", "gt=0")) == text_digest(field)
    assert text_digest(field.replace("The rate", "Rate")) == text_digest(field)
    assert text_digest(field.replace("0.5", "0.6")) != text_digest(field)


@pytest.mark.parametrize(
    "source",
    [
        """x = f"{a['b']}, {', '.join(c)}\"""",
        """x = f"can't {a!r:>{width}}\"""",
        """x = f'{(a if b else c)}\\n{{}}'""",
        """x = f"{a.b(f'{c}')}: {d:.2%}\"""",
    ],
)
def test_a_formatted_string_is_written_alike_by_every_version_of_python(source: str) -> None:
    """Since 3.12, Python writes quotes of the same kind within each other."""
    assert text_digest(source) == sha256(source.encode()).hexdigest()


def test_a_formatted_string_is_in_the_digest() -> None:
    assert text_digest("x = f'{a:.1f}'") != text_digest("x = f'{a:.2f}'")
    assert text_digest("x = f'{a}'") != text_digest("x = f'{b}'")
    assert text_digest("x = f'{a}.'") != text_digest("x = f'{a}'")


def test_imported_modules_are_in_the_digest_of_a_module() -> None:
    found = imported(["training.fitting.fit"])

    assert {"training.networks.building", "training.data.augmentation"} <= found
    assert code_digest(["training.fitting.fit"]) != code_digest(["training.data.batches"])
    assert source_digest("training.fitting.fit") != source_digest("training.data.batches")


def test_modules_without_effect_exist_and_are_left_out() -> None:
    found = imported(["training.fitting.fit", "serving.photos.preparation"])

    for module in provenance._WITHOUT_EFFECT:
        assert provenance._file(module).is_file(), f"{module} is gone"
        assert module not in found


def test_a_module_is_found_beside_a_folder_left_behind_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As switching branches leaves one, with `__pycache__` in it."""
    (tmp_path / "training" / "report" / "__pycache__").mkdir(parents=True)
    (tmp_path / "training" / "report.py").write_text("A = 1")
    monkeypatch.setattr(provenance, "_PROJECT", tmp_path)

    assert provenance._file("training.report") == tmp_path / "training" / "report.py"
    assert provenance.imported(["training.report"]) >= {"training.report"}


def test_looking_for_the_commit_leaves_the_index_of_git_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a process that is killed meanwhile leaves its lock behind."""
    (tmp_path / "training").mkdir()
    file, author = tmp_path / "training" / "a.py", ("-c", "user.name=a", "-c", "user.email=a@b")
    file.write_text("A = 1\n")
    for command in (["init"], ["add", "."], [*author, "commit", "--message", "a"]):
        subprocess.run(["git", "-C", tmp_path, *command], check=True, capture_output=True)
    os.utime(file, (1, 1))  # `git status` would note that.
    index = (tmp_path / ".git" / "index").read_bytes()
    monkeypatch.setattr(provenance, "_PROJECT", tmp_path)

    found = provenance.commit()

    assert found is not None
    assert not found.endswith("+")
    assert (tmp_path / ".git" / "index").read_bytes() == index
