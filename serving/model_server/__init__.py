"""A model server for laptops and tests that answers as TensorFlow Serving does.

``python -m serving.model_server`` speaks TensorFlow Serving's gRPC protocol, so nothing changes
for a client when the address does. In production the model server is TensorFlow Serving itself.
"""
