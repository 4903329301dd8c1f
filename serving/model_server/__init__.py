"""The embedded model server: answers as TensorFlow Serving does, for laptops and tests.

``python -m serving.model_server`` speaks TensorFlow Serving's gRPC protocol, so nothing but the
address changes for a client. In production the model server is TensorFlow Serving itself.
"""
