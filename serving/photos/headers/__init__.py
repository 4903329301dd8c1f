"""What decoding a photo will cost, read from its header before it is decoded."""
