"""Lets the card of a version say that it is a starter, in its file and in its graph.

A starter is published where a model has no version: on a new volume, and on one that was lost. What
the card says is how the gateway can tell the second (docs/outages.md).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from training.errors import TrainingError
from training.model_cards import VERSION_CARD, read_card

MEMBER = "starter"


def mark_as_starter(version: Path) -> None:
    """Add `"starter": true` to the card of a version. Only the constant that holds it changes.

    Raises:
        TrainingError: the graph can't be read, or does not hold the card.
        OSError: a file can't be read or written.
    """
    card = read_card(version / VERSION_CARD)
    graph, model = version / "saved_model.pb", SavedModel()
    try:
        model.ParseFromString(graph.read_bytes())
    except DecodeError as error:
        raise TrainingError(f"{graph} is not a SavedModel ({error})") from error
    marked = {**card, MEMBER: True}
    if not _replace(model, card, marked):
        raise TrainingError(f"{graph} does not hold the card that is in {VERSION_CARD}")
    graph.write_bytes(model.SerializeToString(deterministic=True))
    text = json.dumps(marked, indent=2, ensure_ascii=False)
    (version / VERSION_CARD).write_text(text + "\n", "utf-8")


def _replace(model: SavedModel, card: dict[str, Any], marked: dict[str, Any]) -> int:
    """Replace the card in each constant that holds it; return how many there were."""
    found = 0
    for node in _constants(model):
        strings = node.attr["value"].tensor.string_val
        if len(strings) == 1 and _parsed(strings[0]) == card:
            strings[0] = json.dumps(marked, ensure_ascii=False).encode()
            found += 1
    return found


def _constants(model: SavedModel) -> Iterator[NodeDef]:
    for graph in (meta_graph.graph_def for meta_graph in model.meta_graphs):
        for nodes in (graph.node, *(each.node_def for each in graph.library.function)):
            yield from (node for node in nodes if node.op == "Const")


def _parsed(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
