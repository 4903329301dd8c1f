"""Serving another version of a model, wherever the model server reads which one to serve.

That is the model's folder on this machine, TensorFlow Serving's model config file, or a ConfigMap
with that file: a `ServingConfig`. It is changed by `changes`, step by step (`apply_change`). No
framework is imported here: a version is rolled back within a moment.
"""
