"""gunicorn runs the gateway: requests are read as they come, threads work on whole ones."""
