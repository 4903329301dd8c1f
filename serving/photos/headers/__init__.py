"""What decoding a photo will cost, read from its headers before it is decoded."""
