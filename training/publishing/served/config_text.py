"""Edits the entry of one model in TensorFlow Serving's model config file, and nothing else."""

import re
from collections.abc import Callable, Iterator

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from serving.repository.model_config import ConfigError, ModelSettings, parse_config
from training.errors import TrainingError
from training.publishing.served.config_syntax import Field, SyntaxUnknown, read_fields

Edit = tuple[int, int, str]
"""Start and end of the characters to replace, and what replaces them."""

_POLICY, _LABELS = "model_version_policy", "version_labels"


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

    Comments, the order and all other models stay as they are. The result is read back: it must
    have what `change` says, and nothing else must differ.

    Raises:
        TrainingError: as of `find_model` or `change`, or the text can't be edited safely.
    """
    old = find_model(text, source, name)
    new = change(old)
    if (new.policy, dict(new.labels)) == (old.policy, dict(old.labels)):
        return text
    try:
        entry = _entry(read_fields(text), name)
        for edits in (_small_edits(entry, old, new), _whole_fields(entry, old, new)):
            result = _applied(text, entry, edits)
            if _is_as_wanted(result, text, new):
                return result
    except SyntaxUnknown as error:
        raise TrainingError(f"{source} can't be edited ({error}): edit it by hand") from error
    raise TrainingError(f"{source} can't be edited without changing anything else: edit it by hand")


def _entry(fields: tuple[Field, ...], name: str) -> Field:
    for models in (field for field in fields if field.name == "model_config_list"):
        for entry in models.named("config"):
            if any(_unquoted(field.value) == name for field in entry.named("name")):
                return entry
    raise SyntaxUnknown(f"the entry of {name} is not found")


def _small_edits(entry: Field, old: ModelSettings, new: ModelSettings) -> list[Edit]:
    """Return edits of single numbers and labels, so that comments between them stay."""
    edits: list[Edit] = []
    fields = {key: field for field in entry.named(_LABELS) for key in [_label(field)]}
    for label in new.labels.keys() | old.labels.keys():
        version, field = new.labels.get(label), fields.get(label)
        if version == old.labels.get(label):
            continue
        if version is None and field:
            edits.append((field.start, field.end, ""))
        elif version is not None and field and field.named("value"):
            number = field.named("value")[-1]
            edits.append((number.value_start, number.value_end, str(version)))
        elif version is not None:
            edits.append((entry.value_end, entry.value_end, _label_text(label, version)))
    return edits + list(_policy_edits(entry, old, new))


def _policy_edits(entry: Field, old: ModelSettings, new: ModelSettings) -> Iterator[Edit]:
    if new.policy == old.policy:
        return
    added = set(new.policy.specific.versions).difference(old.policy.specific.versions)
    removed = set(old.policy.specific.versions).difference(new.policy.specific.versions)
    numbers = [
        number
        for policy in entry.named(_POLICY)
        for specific in policy.named("specific")
        for number in specific.named("versions")
    ]
    if numbers and added and not removed:
        text = "".join(f" versions: {version}" for version in sorted(added))
        yield numbers[-1].end, numbers[-1].end, text
        return
    fields = entry.named(_POLICY)
    yield from ((field.start, field.end, "") for field in fields[:-1])
    start, end = (fields[-1].start, fields[-1].end) if fields else (entry.value_end,) * 2
    yield start, end, _policy_text(new) if new.policy.ByteSize() else ""


def _whole_fields(entry: Field, old: ModelSettings, new: ModelSettings) -> list[Edit]:
    """Return edits that write policy and labels again, whatever their form is now."""
    spans = {(field.start, field.end) for name in (_POLICY, _LABELS) for field in entry.named(name)}
    texts = [_policy_text(new)] if new.policy.ByteSize() else []
    texts += [_label_text(label, version) for label, version in new.labels.items()]
    added = [(entry.value_end, entry.value_end, text) for text in texts]
    return [*((start, end, "") for start, end in spans), *added]


def _policy_text(model: ModelSettings) -> str:
    policy = text_format.MessageToString(model.policy, as_one_line=True)
    return f"{_POLICY} {{ {policy} }}"


def _label_text(label: str, version: int) -> str:
    entry = ModelConfig(version_labels={label: version})
    return text_format.MessageToString(entry, as_one_line=True)


def _applied(text: str, entry: Field, edits: list[Edit]) -> str:
    """Return the text after the edits; what is added to the entry goes before its bracket."""
    added = [new for start, end, new in edits if start == end == entry.value_end]
    others = [edit for edit in edits if edit[0] != entry.value_end]
    text = _inserted(text, entry, added)
    for start, end, new in sorted(others, reverse=True):
        if not new:
            start, end = _with_blank_line(text, start, end)
        text = text[:start] + new + text[end:]
    return text


def _inserted(text: str, entry: Field, fields: list[str]) -> str:
    position = entry.value_end
    line = text.rfind("\n", 0, position) + 1
    if text[line:position].strip() or not line:  # The bracket follows something on its line.
        before, rest = text[:position], text[position:]
        space = "" if before[-1:].isspace() else " "
        return before + "".join(f"{space}{field} " for field in fields) + rest
    first = entry.fields[0].start
    indent = text[text.rfind("\n", 0, first) + 1 : first]
    indent = indent if not indent.strip() else text[line:position] + "  "
    newline = "\r\n" if text[:line].endswith("\r\n") else "\n"
    return text[:line] + "".join(f"{indent}{each}{newline}" for each in fields) + text[line:]


def _with_blank_line(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a span with its line if there is nothing else on it, otherwise with a space."""
    line = text.rfind("\n", 0, start) + 1
    rest = re.compile(r"[ \t]*\r?\n").match(text, end)
    if rest and not text[line:start].strip():
        return line, rest.end()
    space = re.compile(r"[ \t]?").match(text, end)
    return start, space.end() if space else end


def _is_as_wanted(result: str, text: str, new: ModelSettings) -> bool:
    expected, found = ModelServerConfig(), ModelServerConfig()
    text_format.Parse(text, expected)
    for model in expected.model_config_list.config:
        if model.name == new.name:
            model.model_version_policy.CopyFrom(new.policy)
            if not new.policy.ByteSize():
                model.ClearField(_POLICY)
            model.version_labels.clear()
            model.version_labels.update(new.labels)
    try:
        text_format.Parse(result, found)
    except text_format.ParseError:
        return False
    return bool(found == expected)


def _label(field: Field) -> str:
    return _unquoted(field.named("key")[-1].value) if field.named("key") else ""


def _unquoted(value: str) -> str:
    return str(text_format.Parse(f"name: {value}", ModelConfig()).name)
