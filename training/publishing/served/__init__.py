"""Which version of a model serves: read and changed wherever the model server reads it.

That is a folder of models on this machine, TensorFlow Serving's model config file, or a ConfigMap
with that file. No framework is imported here: a version is taken back within a moment.
"""
