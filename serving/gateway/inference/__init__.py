"""Photos in, probabilities out. Knows neither Flask nor gRPC."""
