"""A process of bounded memory and processor time that decodes what headers say too little about."""
