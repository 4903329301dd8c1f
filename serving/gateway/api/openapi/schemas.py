"""The schemas of the models that render the answers."""

from openapi_pydantic import Schema
from openapi_pydantic.util import PydanticSchema
from pydantic import BaseModel


def schema_of(model: type[BaseModel]) -> Schema:
    """Return what becomes a reference to a model's schema when the document is made."""
    return PydanticSchema(schema_class=model)
