"""Training beside the published programs, for Fashion-MNIST."""
