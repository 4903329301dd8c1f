"""The API's description, OpenAPI 3.1, made from what runs.

`document.describe` takes paths and texts from the `@Route` of each handler, JSON schemas from
`serving.gateway.api.schemas`, errors from `serving.http_errors` and limits from the settings.
Only `examples` may be imported before it is asked for: openapi_pydantic costs 0.08 s and 3 MB.
"""
