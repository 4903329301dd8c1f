"""The tests in a browser. As a package, so that its fixtures end with the last of its tests."""
