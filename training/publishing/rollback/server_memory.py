"""The list of models in the memory of a model server that was started without a file for it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from serving.repository.model_config import ModelSettings
from training.errors import TrainingError
from training.publishing.rollback.model_servers import ModelServer
from training.publishing.rollback.serving_config import ServingConfig, SettingsChange
from training.publishing.rollback.settings import CANARY, STABLE, pinned


class ServerMemory(ServingConfig):
    """The only model of model servers with `--model_base_path`, changed by reload requests.

    Model servers don't list labels or policy: the labels are looked for by name, and the versions
    that are loaded count as pinned.
    """

    in_cluster = True
    hint = ""
    caution = (
        "a restart of the model server forgets this; it reads a --model_config_file at each start"
    )

    def __init__(self, servers: Sequence[ModelServer], base_path: Path, name: str) -> None:
        self._servers = servers
        self._plain = ModelSettings(name, base_path)
        self._written = self._plain

    def read(self) -> ModelSettings:
        """Return policy and labels of the first model server."""
        server, name = self._servers[0], self._plain.name
        found = {label: server.answering(name, label) for label in (STABLE, CANARY)}
        labels = {label: version for label, version in found.items() if version is not None}
        if self._written is not self._plain and labels == self._written.labels:
            return self._written  # Its versions may still be loading.
        loaded = sorted(server.available(name))
        if not loaded:
            raise TrainingError(f"the model server serves no version of {name}")
        return pinned(replace(self._plain, labels=labels), *loaded)

    def change(self, change: SettingsChange) -> None:
        """Replace policy and labels in all model servers, or in none."""
        old = self.read()
        new = change(old)
        for index, server in enumerate(self._servers):
            try:
                server.reload(new)
            except TrainingError:
                for changed in self._servers[:index]:
                    with suppress(TrainingError):
                        changed.reload(old)
                raise
        self._written = new
