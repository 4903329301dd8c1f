"""The API's description, OpenAPI 3.1, made from what runs.

`document.describe` takes the paths from Flask's URL map, the responses from
`serving.gateway.api.schemas`, the errors from `serving.errors` and the limits from the settings;
`operations` adds the words.
Import it only when it is asked for: it costs a worker a tenth of a second and some megabytes.
"""
