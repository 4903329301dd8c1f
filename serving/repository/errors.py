"""The errors of the model repository; each says in one line why and what to do."""


class VersionsError(Exception):
    """A version cannot be listed, read, published or removed."""


class AlreadyPublished(VersionsError):
    """Only a first version was to be published, but the model has one already."""


class ModelChanged(VersionsError):
    """Since a version was judged, others have been published or removed, or others serve."""


class ConfigError(Exception):
    """The configuration of models cannot be read or is invalid."""
