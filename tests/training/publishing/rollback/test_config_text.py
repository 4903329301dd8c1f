"""Edits of a model config file: what was asked for, and not a character more."""

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from serving.repository.model_config import ModelSettings, parse_config
from tests.training.publishing.rollback.published import write_config
from training.errors import TrainingError
from training.publishing.rollback.config_text import edited
from training.publishing.rollback.settings import pinned, unpinned, with_label, without_label

Change = Callable[[ModelSettings], ModelSettings]

BASE = Path("/models/pets")


def config(tmp_path: Path, entry: str) -> str:
    return write_config(tmp_path / "models.config", BASE, entry).read_text()


def differing(old: str, new: str) -> list[str]:
    """Return the lines that differ, without indentation, marked by - and +."""
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [f"{line[0]}{line[1:].strip()}" for line in lines if line[0] in "-+"]


def entry(text: str, name: str = "pets") -> ModelSettings:
    return next(model for model in parse_config(text, "it") if model.name == name)


STABLE = 'version_labels { key: "stable" value: 3 }'
TWO = f"model_version_policy {{ specific {{ versions: 3 versions: 4 }} }}\n    {STABLE}"


@pytest.mark.parametrize(
    ("before", "change", "lines"),
    [
        ("", lambda s: pinned(s, 2), ["+model_version_policy { specific { versions: 2 } }"]),
        (
            "model_version_policy { specific { versions: 3 } }  # Good.",
            lambda s: pinned(s, 2),
            [
                "-model_version_policy { specific { versions: 3 } }  # Good.",
                "+model_version_policy { specific { versions: 2 } }  # Good.",
            ],
        ),
        (
            "model_version_policy { specific { versions: 3 } }",
            unpinned,
            ["-model_version_policy { specific { versions: 3 } }"],
        ),
        (
            TWO,
            lambda s: with_label(s, "stable", 4),
            [f"-{STABLE}", '+version_labels { key: "stable" value: 4 }'],
        ),
        (
            TWO,
            lambda s: with_label(s, "canary", 4),
            ['+version_labels { key: "canary" value: 4 }'],
        ),
        (TWO, lambda s: without_label(s, "stable"), [f"-{STABLE}"]),
        (
            TWO,
            lambda s: with_label(pinned(s, 3, 4, 5), "canary", 5),
            [
                "-model_version_policy { specific { versions: 3 versions: 4 } }",
                "+model_version_policy { specific { versions: 3 versions: 4 versions: 5 } }",
                '+version_labels { key: "canary" value: 5 }',
            ],
        ),
    ],
)
def test_an_edit_touches_only_its_lines(
    tmp_path: Path, before: str, change: Change, lines: list[str]
) -> None:
    old = config(tmp_path, before)
    new = edited(old, "it", "pets", change)

    assert [line for line in differing(old, new) if line[1:] != ""] == lines
    wanted = change(entry(old))
    assert (entry(new).policy, entry(new).labels) == (wanted.policy, wanted.labels)
    assert [entry(new, name) for name in ("hats", "shoes")] == [
        entry(old, name) for name in ("hats", "shoes")
    ]


FORMS = [
    'config { name: "pets" base_path: "/m" model_platform: "tensorflow" }',
    'config{name:"pets"base_path:"/m"model_platform:"tensorflow"}',
    "config <name: 'pe' 'ts', base_path: '/m'; model_type: TENSORFLOW>",
    'config: [{ name: "pets" base_path: "/m" model_platform: "tensorflow" }, { name: "hats"'
    ' base_path: "/h" model_platform: "tensorflow" version_labels { key: "pets" value: 1 } }]',
    'config { name: "pets" base_path: "/m" model_platform: "tensorflow" # { versions: 9 }\n'
    " model_version_policy: { specific: < versions: [3, 4] > } \n"
    ' version_labels: [{ key: "stable", value: 3 }, { value: 4 key: "canary" }] }',
    'config { model_version_policy { latest { num_versions: 2 } } name: "pets" base_path: "/m"'
    ' model_platform: "tensorflow" version_labels { key: "stable" value: 0x3 } # canary\n }',
    'config { name: "pets" base_path: "/m" model_platform: "tensorflow"'
    ' version_labels { key: "stable" value: 1 } version_labels { key: "stable" value: 3 } }',
    'config {\r\n  name: "pets"\r\n  base_path: "/m"\r\n  model_platform: "tensorflow"\r\n}',
    'config {\n\tname: "pets" # "\n\tbase_path: "/m"\n\tmodel_platform: "tensorflow"\n}',
    'config { name: "p\\145ts" base_path: "/m" model_platform: "tensorflow" }',
    'config { logging_config { sampling_config { sampling_rate: 0.5 } } base_path: "/m"'
    ' model_platform: "tensorflow" name: "pets" version_labels {\n key: "stable" # "}\n value: 3'
    " # b\n } model_version_policy {\n specific {\n # c\n versions: 3 # d\n versions: 4 } } } ",
]

CHANGES: list[Change] = [
    lambda s: pinned(s, 2),
    lambda s: pinned(s, 3, 4, 5),
    unpinned,
    lambda s: with_label(s, "stable", 2),
    lambda s: with_label(with_label(s, "canary", 5), "a \"quoted' ü", 2),
    lambda s: without_label(without_label(s, "stable"), "canary"),
    lambda s: replace(pinned(s, 8), labels={}),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("change", CHANGES)
def test_every_form_is_edited(form: str, change: Change) -> None:
    old = f"# Models.\nmodel_config_list {{ {form} }}\n# The end.\n"
    new = edited(old, "it", "pets", change)

    wanted = change(entry(old))
    assert (entry(new).policy, entry(new).labels) == (wanted.policy, wanted.labels)
    assert new.startswith("# Models.\n")
    assert new.endswith("}\n# The end.\n")
    assert new.count("#") == old.count("#")
    assert new.count("\r\n") >= old.count("\r\n")


def test_nothing_to_change_leaves_the_text_as_it_is(tmp_path: Path) -> None:
    old = config(tmp_path, TWO)
    assert edited(old, "it", "pets", lambda s: with_label(s, "stable", 3)) == old


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_config_list {", "cannot read the model config file it: "),
        ("", "there is no model pets in it; there are: none"),
        ('model_config_list { config { name: "pets" } }', "absolute path"),
    ],
)
def test_an_invalid_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        edited(text, "it", "pets", unpinned)
