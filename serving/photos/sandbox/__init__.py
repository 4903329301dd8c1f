"""A process that decodes what a header says too little about, with limits of its own."""
