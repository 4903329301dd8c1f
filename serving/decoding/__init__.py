"""What decoding a photo costs, known before it is decoded; and where it is decoded."""
