"""Skips the tests of the images unless `make test-images` runs them: they build for minutes."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def only_by_make_test_images() -> None:
    if not os.environ.get("REQUIRE_IMAGE_TOOLS"):
        pytest.skip("make test-images builds the images and runs this test")
