"""The archives of dogs-vs-cats: their members, and extracting them into folders."""
