"""Edits the entry of one model in TensorFlow Serving's model config file, and nothing else."""

import re
from collections.abc import Callable, Iterator

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from serving.repository.model_config import ConfigError, ModelSettings, parse_config
from training.errors import TrainingError

_FIELDS = ("model_version_policy", "version_labels")
_TOKEN = re.compile(
    r"""\#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[\w.+-]+|[{<\[]|[}>\]](?:\s*[;,])?"""
)
"""Comments, quoted texts, words and brackets; the rest is between them."""


def find_model(text: str, source: object, name: str) -> ModelSettings:
    """Return the entry of a model in the text of a model config file.

    Args:
        text: of the file.
        source: the file, for errors.
        name: of the model.

    Raises:
        TrainingError: the text is invalid, or has no such model.
    """
    try:
        models = {model.name: model for model in parse_config(text, source)}
    except ConfigError as error:
        raise TrainingError(str(error)) from error
    if name not in models:
        listed = ", ".join(models) or "none"
        raise TrainingError(f"there is no model {name} in {source}; there are: {listed}")
    return models[name]


def edited(
    text: str, source: object, name: str, change: Callable[[ModelSettings], ModelSettings]
) -> str:
    """Return the text with another policy and other labels of one model.

    Comments, the order and all other models stay as they are. The result is parsed: it must have
    what `change` says, and nothing else must differ.

    Raises:
        TrainingError: as of `find_model` or `change`, or the text can't be edited safely.
    """
    old = find_model(text, source, name)
    new = change(old)
    if (new.policy, dict(new.labels)) == (old.policy, dict(old.labels)):
        return text
    for start, end in _entries(text, name):
        result = text[:start] + _edited_entry(text[start:end], new) + text[end:]
        if _is_as_wanted(result, text, new):
            return result
    raise TrainingError(f"{source} can't be edited without changing more: edit it by hand")


def _entries(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Yield where the inside of a model's `config { … }` begins and ends."""
    opened: list[int] = []
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "<"):
            opened.append(token.end())
        elif token[0][0] in "}>":
            start, end = opened.pop(), token.start()
            within_list = len(opened) == 1
            if within_list and text_format.Parse(text[start:end], ModelConfig()).name == name:
                yield start, end


def _edited_entry(entry: str, new: ModelSettings) -> str:
    """Return the fields of a model's entry with another policy and other labels."""
    missing = ModelConfig(version_labels=new.labels)
    if new.policy.ByteSize():
        missing.model_version_policy.CopyFrom(new.policy)
    for start, end in reversed([*_places(entry)]):
        old, field = text_format.Parse(entry[start:end], ModelConfig()), ModelConfig()
        if old.HasField("model_version_policy") and missing.HasField("model_version_policy"):
            field.model_version_policy.CopyFrom(new.policy)
            missing.ClearField("model_version_policy")
        for label in old.version_labels:
            if label in new.labels:
                field.version_labels[label] = new.labels[label]
                missing.version_labels.pop(label, None)
        if field != old:
            entry = _replaced(entry, start, end, _one_line(field))
    return _extended(entry, missing)


def _places(entry: str) -> Iterator[tuple[int, int]]:
    """Yield where the fields of policy and labels begin and end, with a comma that follows."""
    depth, start = 0, None
    for token in _TOKEN.finditer(entry):
        if depth == 0 and token[0] in _FIELDS:
            start = token.start()
        depth += (token[0] in "{<[") - (token[0][0] in "}>]")
        if depth == 0 and token[0][0] in "}>]" and start is not None:
            yield start, token.end()
            start = None


def _replaced(entry: str, start: int, end: int, field: str) -> str:
    """Return the entry with another field in this place; the old one's comments go before it."""
    before, after = entry[:start], entry[end:]
    indent = before[len(before.rstrip(" \t")) :]
    comments = [each[0].rstrip() for each in _TOKEN.finditer(entry[start:end]) if each[0][0] == "#"]
    new = "".join(f"{comment}\n{indent}" for comment in comments) + field
    rest_of_line = re.match(r"[ \t]*\r?\n", after)
    if not new and rest_of_line and before.endswith(f"\n{indent}"):
        before, after = before.removesuffix(indent), after[rest_of_line.end() :]
    return before + new + after


def _extended(entry: str, added: ModelConfig) -> str:
    """Return the entry with more fields at its end, each on its line if the bracket has its own."""
    labels = added.version_labels
    fields = [_one_line(ModelConfig(version_labels={label: labels[label]})) for label in labels]
    if added.HasField("model_version_policy"):
        fields.append(_one_line(ModelConfig(model_version_policy=added.model_version_policy)))
    last_line = re.search(r"(\r?\n)[ \t]*$", entry)
    if last_line:
        end, newline = last_line.start(), last_line[1]
        indent = re.findall(r"\n([ \t]*)(?=\S)", entry) or ["  "]
        return entry[:end] + "".join(newline + indent[0] + each for each in fields) + entry[end:]
    space = "" if entry[-1:].isspace() else " "
    return entry + "".join(f"{space}{each}" for each in fields) + (" " if fields else "")


def _one_line(fields: ModelConfig) -> str:
    return str(text_format.MessageToString(fields, as_one_line=True))


def _is_as_wanted(result: str, text: str, new: ModelSettings) -> bool:
    expected, found = ModelServerConfig(), ModelServerConfig()
    text_format.Parse(text, expected)
    for model in expected.model_config_list.config:
        if model.name == new.name:
            model.ClearField("model_version_policy")
            if new.policy.ByteSize():
                model.model_version_policy.CopyFrom(new.policy)
            model.version_labels.clear()
            model.version_labels.update(new.labels)
    try:
        text_format.Parse(result, found)
    except text_format.ParseError:
        return False
    return bool(found == expected)
