"""Serving: the gateway that apps post photos to, and a model server for laptops and tests."""
