"""Random requests made from the API's description: every response is as described.

Statuses, headers, media types and forms; what breaks the description is refused, what keeps it and
needs no photo is not; wrong methods are refused with `Allow`; nothing ends with an undescribed 5xx.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from serving.gateway.app import create_app
from serving.gateway.settings import Settings
from tests.drawing import encoded_photo
from tests.serving.fakes import fake_server

PHOTOS = [encoded_photo("JPEG"), encoded_photo("PNG"), encoded_photo("WEBP")]

# What the schema does not say: bytes that are photos, a broken one, and others.
UPLOADS = st.sampled_from([*PHOTOS, PHOTOS[0][:300]]) | st.binary(min_size=1, max_size=200)

# 413 refuses as well.
REFUSALS = ["400", "401", "404", "405", "413", "415", "422"]
# Valid requests get 4xx too: random bytes are not a photo, random names not a model.
ACCEPTANCES = ["2xx", "404", "415", "422"]


def described_api() -> Any:
    """Return the described API, with its app in this process."""
    schemathesis.openapi.media_type("application/octet-stream", UPLOADS)
    checks = {
        "negative_data_rejection": {"expected-statuses": REFUSALS},
        "positive_data_acceptance": {"expected-statuses": ACCEPTANCES},
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PHOTOLABEL_")]:
            patch.delenv(name)
        app = create_app(Settings(), fake_server())
    document = app.test_client().get("/openapi.json").get_json()
    # The library ignores contentEncoding; this is its own name for it.
    document["components"]["schemas"]["EncodedPhoto"]["properties"]["b64"]["format"] = "byte"
    config = schemathesis.Config.from_dict({"checks": checks})
    api = schemathesis.openapi.from_dict(document, config=config)
    api.app = app
    return api


API = described_api()


@API.hook  # type: ignore[untyped-decorator]  # Made above without a type.
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Name a model that exists in half of the requests; a random name never does."""
    name = (path_parameters or {}).get("name")
    if path_parameters and isinstance(name, str) and len(name) % 2:
        path_parameters["name"] = "clothing"
    return path_parameters


@API.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
# The client in this process leaves files of the pages open, which gunicorn does not.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_response_is_as_described(case: Any) -> None:
    # Parts of the library's forms have no file names, so they are not photos.
    is_form = case.media_type == "multipart/form-data"
    # A PNG shows only one photo, which the schema does not say.
    is_png = (case.query or {}).get("format") == "png" or case.path.endswith(":prepare")
    unsure = is_form or is_png
    case.call_and_validate(excluded_checks=[positive_data_acceptance] if unsure else [])
